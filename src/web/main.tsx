/** Starts the pages, and finds out at once whether somebody is signed in. */
import { render } from 'preact'
import './style.css'
import { App } from './app'
import { session } from './gatepost'

void session.start()
render(<App />, document.body)
