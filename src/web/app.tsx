/** The frame of every page, and which address shows which page. */

import { useEffect } from 'preact/hooks'
import { ErrorBoundary, LocationProvider, lazy, Route, Router } from 'preact-iso'
import { session } from './gatepost'
import { Feed } from './pages/feed'
import { NotFound } from './pages/not-found'
import { PostPage } from './pages/post'
import { Header } from './ui/header'
import { Messages, say } from './ui/messages'
import { Crashed, useScrollMemory } from './ui/page'

/** A page that is loaded when it is first shown, since few visitors start there. */
const part = <K extends string>(load: () => Promise<Record<K, preact.ComponentType>>, name: K) =>
  lazy(() => load().then((module) => module[name]))
const signIn = () => import('./pages/sign-in')
const mailed = () => import('./pages/mailed')
const emailLink = () => import('./pages/email-link')
const account = () => import('./account/account')
const admin = () => import('./admin/admin')
const writing = () => import('./pages/write')

const pages = {
  register: part(signIn, 'Register'),
  signIn: part(signIn, 'SignIn'),
  askForLink: part(emailLink, 'AskForLink'),
  useLink: part(emailLink, 'UseLink'),
  welcome: part(() => import('./pages/welcome'), 'Welcome'),
  forgot: part(mailed, 'Forgot'),
  reset: part(mailed, 'Reset'),
  verify: part(mailed, 'Verify'),
  problem: part(() => import('./pages/problem'), 'ProblemPage'),
  person: part(() => import('./pages/person'), 'Person'),
  write: part(writing, 'Write'),
  edit: part(writing, 'Edit'),
  account: part(account, 'Account'),
  admin: part(admin, 'Admin'),
}

/** Files and the API are no pages of this app: links to them leave it. */
const SCOPE = /^\/(?!docs|openapi\.json|api\/|oauth|avatars)/

export function App() {
  return (
    <LocationProvider scope={SCOPE}>
      <Frame />
    </LocationProvider>
  )
}

function Frame() {
  useScrollMemory()
  useFarewell()
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        <Crashed>
          <ErrorBoundary>
            <Router>
              <Route path="/" component={Feed} />
              <Route path="/posts/:id" component={PostPage} />
              <Route path="/posts/:id/edit" component={pages.edit} />
              <Route path="/write" component={pages.write} />
              <Route path="/people/:id" component={pages.person} />
              <Route path="/register" component={pages.register} />
              <Route path="/sign-in" component={pages.signIn} />
              <Route path="/sign-in/email" component={pages.askForLink} />
              <Route path="/sign-in/link" component={pages.useLink} />
              <Route path="/welcome" component={pages.welcome} />
              <Route path="/forgot" component={pages.forgot} />
              <Route path="/reset" component={pages.reset} />
              <Route path="/verify" component={pages.verify} />
              <Route path="/problems/:code" component={pages.problem} />
              <Route path="/account/:part?" component={pages.account} />
              <Route path="/admin/:part?" component={pages.admin} />
              <Route default component={NotFound} />
            </Router>
          </ErrorBoundary>
        </Crashed>
      </main>
      <Messages />
      <footer>
        <p>
          Gatepost · <a href="/docs">API</a> · <a href="/openapi.json">OpenAPI</a>
        </p>
      </footer>
    </>
  )
}

/** Says so when the session ends by itself or in another tab. */
function useFarewell() {
  useEffect(() => {
    let before = session.state.status
    return session.subscribe((state) => {
      if (state.status === 'signed-out' && before === 'signed-in') {
        say(state.because === 'ended' ? 'Your session has ended. Sign in again.' : 'Signed out.')
      }
      if (state.status === 'signed-out' && state.because === 'unreachable') {
        say('The server cannot be reached.')
      }
      before = state.status
    })
  }, [])
}
