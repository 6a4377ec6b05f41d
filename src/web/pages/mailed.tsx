/** What is done through a mailed link: a new password, a confirmed address. */
import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { ApiProblem } from '../../client'
import { gatepost, session, useSession } from '../gatepost'
import { Field, Form, PasswordField } from '../ui/form'
import { asProblem } from '../ui/load'
import { say } from '../ui/messages'
import { Page, Trouble, Waiting } from '../ui/page'

export function Forgot() {
  const [sent, setSent] = useState('')
  return (
    <div class="narrow">
      <Page title="Forgot the password?">
        {sent ? (
          <div role="status">
            <p class="notice good">{sent}</p>
            <p>The link in it works for an hour. Nothing there? Look into the spam folder.</p>
          </div>
        ) : (
          <Form
            label="Mail me a link"
            submit={async ({ email = '' }) => {
              const { message } = await gatepost.forgotPassword(email)
              setSent(message)
            }}
          >
            <Field
              name="email"
              label="E-mail"
              hint="The address of your account: a link to set a new password goes there."
              type="email"
              required
              autoComplete="email"
            />
          </Form>
        )}
        <p>
          <a href="/sign-in">Back to sign in</a>
        </p>
      </Page>
    </div>
  )
}

/**
 * The token of a mailed link. It stands behind the `#`, which no server, log or Referer sees, and leaves the address bar
 * (and the history) at once.
 */
function useMailedToken(): string {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  useEffect(() => {
    if (location.hash) history.replaceState(null, '', location.pathname)
  }, [])
  return token
}

export function Reset() {
  const token = useMailedToken()
  const { route } = useLocation()
  if (!token) {
    return (
      <Page
        title="Set a new password"
        lead="This page needs the link from the mail: open it again."
      >
        <a class="button" href="/forgot">
          Ask for a new link
        </a>
      </Page>
    )
  }
  return (
    <div class="narrow">
      <Page title="Set a new password" lead="You will be signed out everywhere.">
        <Form
          label="Set the password"
          submit={async ({ new_password = '' }) => {
            const body = { token, new_password }
            await gatepost.fetch('POST /api/users/reset-password', { body, anonymous: true })
            say('The password is set. Sign in with it.')
            // A session of this browser died with the old password.
            if (session.state.status === 'signed-in') session.forget()
            route('/sign-in')
          }}
        >
          <PasswordField
            name="new_password"
            label="New password"
            hint="At least 8 characters; a few words are good."
            autoComplete="new-password"
          />
        </Form>
      </Page>
    </div>
  )
}

export function Verify() {
  const token = useMailedToken()
  const state = useSession()
  const [done, setDone] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  useEffect(() => {
    if (!token) return
    gatepost
      .verifyEmail(token)
      .then(() => setDone(true))
      .catch((error) => setProblem(asProblem(error)))
  }, [token])
  const title = done ? 'Address confirmed' : 'Confirm your address'
  return (
    <Page title={title} lead={done ? 'Thank you. This address is yours.' : undefined}>
      {!token && <p>This page needs the link from the mail: open it again.</p>}
      {problem && <Trouble problem={problem} />}
      {token && !done && !problem && <Waiting what="Confirming" />}
      {(done || problem || !token) && (
        <a class="button" href={problem && state.status === 'signed-in' ? '/account/email' : '/'}>
          {problem && state.status === 'signed-in' ? 'Ask for a new link' : 'To the posts'}
        </a>
      )}
    </Page>
  )
}
