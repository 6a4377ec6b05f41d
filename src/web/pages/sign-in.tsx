/** The ways in: register and sign in. */
import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ApiProblem } from '../../client'
import { gatepost, session, useSession } from '../gatepost'
import { Field, Form, PasswordField } from '../ui/form'
import { say } from '../ui/messages'
import { Page } from '../ui/page'

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
  // Also runs when another tab signs in.
  useEffect(() => {
    if (isIn) route(next, true)
  }, [isIn, next, route])
  return (
    <div class="narrow">
      <Page title="Sign in" lead={query.next ? 'Sign in to go on.' : undefined}>
        <Form
          label="Sign in"
          submit={async ({ login = '', password = '' }) => {
            await session.signIn(login.trim(), password)
          }}
        >
          <Field
            name="login"
            label="Email or username"
            required
            autoComplete="username"
            autoCapitalize="none"
            spellcheck={false}
          />
          <PasswordField name="password" label="Password" autoComplete="current-password" />
        </Form>
        <p>
          <a href="/forgot">Forgot your password?</a>
        </p>
        <p class="muted">
          New here? <a href="/register">Sign up</a>
        </p>
      </Page>
    </div>
  )
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
          <PasswordField
            name="password"
            label="Password"
            hint="At least 8 characters. A few random words work well."
            autoComplete="new-password"
          />
        </Form>
        <p class="muted">
          Have an account? <a href="/sign-in">Sign in</a>
        </p>
      </Page>
    </div>
  )
}
