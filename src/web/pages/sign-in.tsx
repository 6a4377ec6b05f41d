/** The ways in: register and sign in. */
import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ApiProblem } from '../../client'
import { gatepost, session, useSession } from '../gatepost'
import { hasPasskeys, offerPasskeys, signInWithPasskey } from '../passkeys'
import { Act } from '../ui/act'
import { Field, NewPasswordField, PasswordField } from '../ui/fields'
import { Form } from '../ui/form'
import { say } from '../ui/messages'
import { Page } from '../ui/page'
import { type PendingSignIn, passkeyTrouble, pendingOf, SecondStep } from './second-step'

/**
 * The page to show after signing in: a path of this origin, else the start page. The path of
 * `/.//evil.example` is `//evil.example`, another origin, so the result is checked as well.
 */
function safeNext(next: string | undefined): string {
  const { origin } = location
  const url = next && URL.canParse(next, origin) ? new URL(next, origin) : null
  if (url?.origin !== origin) return '/'
  const path = url.pathname + url.search
  return URL.canParse(path, origin) && new URL(path, origin).origin === origin ? path : '/'
}

export function SignIn() {
  const { query, route } = useLocation()
  const isIn = useSession().status === 'signed-in'
  // Read once: the address changes before a lazily loaded page replaces this one.
  const [next] = useState(() => safeNext(query.next))
  const [pending, setPending] = useState<PendingSignIn | null>(null)
  // Also runs when another tab signs in.
  useEffect(() => {
    if (isIn) route(next, true)
  }, [isIn, next, route])
  return (
    <div class="narrow">
      {pending ? (
        <SecondStep pending={pending} restart={() => setPending(null)} />
      ) : (
        <FirstStep isReturning={query.next !== undefined} ask={setPending} />
      )}
    </div>
  )
}

interface FirstStepProps {
  /** The user came from a page that needs a session. */
  isReturning: boolean
  ask: (pending: PendingSignIn) => void
}

function FirstStep({ isReturning, ask }: FirstStepProps) {
  const [trouble, setTrouble] = useState('')
  const fail = (error: unknown) => setTrouble(passkeyTrouble(error))
  useEffect(() => offerPasskeys(fail), [])
  return (
    <Page title="Sign in" lead={isReturning ? 'Sign in to continue.' : undefined}>
      <Form
        label="Sign in"
        submit={async ({ login = '', password = '' }) => {
          setTrouble('')
          await session.signIn(login.trim(), password).catch((error) => {
            const pending = pendingOf(error)
            if (!pending) throw error
            ask(pending)
          })
        }}
      >
        <Field
          name="login"
          label="Email or username"
          required
          autoComplete="username webauthn"
          autoCapitalize="none"
          spellcheck={false}
        />
        <PasswordField name="password" label="Password" autoComplete="current-password" />
      </Form>
      {hasPasskeys() && <Act act={() => signInWithPasskey().catch(fail)}>Use a passkey</Act>}
      {trouble && (
        <p class="notice danger" role="alert">
          {trouble}
        </p>
      )}
      <LinkOffer />
      <p>
        <a href="/forgot">Forgot your password?</a>
      </p>
      <p class="muted">
        New here? <a href="/register">Sign up</a>
      </p>
    </Page>
  )
}

/** Offers a mailed link if the service sends such links. */
function LinkOffer() {
  const [isAvailable, setAvailable] = useState(false)
  useEffect(() => {
    gatepost
      .fetch('GET /api/session/email', { anonymous: true })
      .then(({ available }) => setAvailable(available))
      .catch(() => undefined)
  }, [])
  return isAvailable ? (
    <p>
      <a href="/sign-in/email">Email me a sign-in link</a>
    </p>
  ) : null
}

export function Register() {
  const { route } = useLocation()
  const state = useSession()
  const [mailed, setMailed] = useState('')
  if (mailed) {
    return (
      <Page title="Confirm your email" lead={`We sent an email to ${mailed}.`}>
        <p>Open the link in it, then sign in.</p>
        <a class="button" href="/sign-in">
          Sign in
        </a>
      </Page>
    )
  }
  return (
    <div class="narrow">
      <Page title="Register" lead="Create an account to write. Anyone can read.">
        {state.status === 'signed-in' && (
          <p class="notice">
            You are signed in as {state.user.username}. This creates another account.
          </p>
        )}
        <Form
          label="Register"
          submit={async ({ username = '', email = '', full_name, password = '' }) => {
            const name = full_name?.trim()
            await gatepost.register({ username, email, password, ...(name && { full_name: name }) })
            try {
              await session.signIn(username, password)
            } catch (error) {
              if (!(error instanceof ApiProblem)) throw error
              if (error.code === 'email-not-verified') return setMailed(email)
              say('Your account is there. Sign in.')
              return route('/sign-in')
            }
            say(`Welcome! A mail to ${email} asks you to confirm the address.`)
            route('/')
          }}
        >
          <Field
            name="username"
            label="Username"
            hint="3 to 30 letters, digits, “_”, “.” or “-”. Everybody sees it."
            required
            maxLength={30}
            autoComplete="username"
            autoCapitalize="none"
            spellcheck={false}
          />
          <Field
            name="email"
            label="Email"
            hint="Only you and admins see it."
            type="email"
            required
            autoComplete="email"
          />
          <Field name="full_name" label="Name (optional)" maxLength={100} autoComplete="name" />
          <NewPasswordField name="password" label="Password" />
        </Form>
        <p class="muted">
          Have an account? <a href="/sign-in">Sign in</a>
        </p>
      </Page>
    </div>
  )
}
