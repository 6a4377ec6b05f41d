/** Starts the pages and restores the session. */
import { render } from 'preact'
import './style.css'
import { App } from './app'
import { session } from './gatepost'

const RELOADED = 'reloaded at'

// A part of the app that is gone was replaced by a newer build: reload, but not again and again.
addEventListener('vite:preloadError', () => {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0)
  if (Date.now() - last < 60_000) return
  sessionStorage.setItem(RELOADED, String(Date.now()))
  location.reload()
})

void session.start()
render(<App />, document.body)
