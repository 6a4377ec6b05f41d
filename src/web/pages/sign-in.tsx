/** The ways in: register and sign in. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ApiProblem } from '../../client'
import { gatepost, session, useSession } from '../gatepost'
import { hasPasskeys, offerPasskeys, signInWithPasskey } from '../passkeys'
import { Act } from '../ui/act'
import { useArrival } from '../ui/arrival'
import { Field, NewPasswordField, PasswordField, UsernameField } from '../ui/fields'
import { Form } from '../ui/form'
import { say } from '../ui/messages'
import { safeNext } from '../ui/next-path'
import { Page } from '../ui/page'
import { ProviderButtons, ProviderProblem, useProviders } from '../ui/providers'
import { type PendingSignIn, passkeyTrouble, pendingOf, SecondStep } from './second-step'

export function SignIn() {
  const { query, route } = useLocation()
  const state = useSession()
  // Read once: the address changes before a lazily loaded page replaces this one.
  const [next] = useState(() => safeNext(query.next))
  const { problem, provider, ...begun } = useArrival('problem', 'provider', 'pending', 'methods')
  // A provider that a signed-in user came from asks for the second step, too.
  const [arrived] = useState(() => pendingIn(begun))
  const [pending, setPending] = useState(arrived)
  const providers = useProviders()
  const isIn = state.status === 'signed-in'
  const mayLeave = isIn && !problem && (!pending || pending !== arrived)
  // Also runs when another tab signs in.
  useEffect(() => {
    if (mayLeave) route(next, true)
  }, [mayLeave, next, route])
  if (pending) {
    return (
      <div class="narrow">
        <SecondStep
          pending={pending}
          restart={() => setPending(null)}
          done={() => route(next, true)}
        />
      </div>
    )
  }
  const trouble = problem && providers && (
    <ProviderProblem code={problem} provider={provider} providers={providers} />
  )
  return (
    <div class="narrow">
      {isIn && problem ? (
        <Page title="Sign in" lead={`You are still signed in as ${state.user.username}.`}>
          {trouble}
          <a class="button" href={next}>
            Continue
          </a>
        </Page>
      ) : (
        <FirstStep
          isReturning={query.next !== undefined}
          ask={setPending}
          trouble={trouble}
          others={<ProviderButtons providers={providers ?? []} next={next} />}
        />
      )}
    </div>
  )
}

/** The pending sign-in of an address, where the first factor was a provider. */
const pendingIn = ({ pending, methods }: { pending: string; methods: string }) =>
  pending ? { token: pending, methods: methods.split(' ') } : null

interface FirstStepProps {
  /** The user came from a page that needs a session. */
  isReturning: boolean
  ask: (pending: PendingSignIn) => void
  /** Why the user is back here. */
  trouble: ComponentChildren
  /** Other ways to sign in. */
  others: ComponentChildren
}

function FirstStep({ isReturning, ask, trouble: former, others }: FirstStepProps) {
  const [trouble, setTrouble] = useState('')
  const fail = (error: unknown) => setTrouble(passkeyTrouble(error))
  useEffect(() => offerPasskeys(fail), [])
  return (
    <Page title="Sign in" lead={isReturning ? 'Sign in to continue.' : undefined}>
      {former}
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
      {others}
      <LinkOffer />
      <p>
        <a href="/forgot">Forgot your password?</a>
      </p>
      <p class="muted">
        New here? <a href="/register">Register</a>
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
  const providers = useProviders()
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
          <UsernameField />
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
        <ProviderButtons providers={providers ?? []} next="/" />
        <p class="muted">
          Have an account? <a href="/sign-in">Sign in</a>
        </p>
      </Page>
    </div>
  )
}
