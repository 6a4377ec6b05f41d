/** Pages of mailed links: choose a new password, confirm an address. */
import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { ApiProblem } from '../../client'
import { gatepost, session, useSession } from '../gatepost'
import { Field, NewPasswordField } from '../ui/fields'
import { Form } from '../ui/form'
import { asProblem } from '../ui/load'
import { say } from '../ui/messages'
import { Page, Trouble, Waiting } from '../ui/page'
import { NoToken, useMailedToken } from './mailed-token'

export function Forgot() {
  const [sent, setSent] = useState('')
  return (
    <div class="narrow">
      <Page title="Forgot your password?">
        {sent ? (
          <div role="status">
            <p class="notice good">{sent}</p>
            <p>The link works for one hour. No email? Check your spam folder.</p>
          </div>
        ) : (
          <Form
            label="Email me a reset link"
            submit={async ({ email = '' }) => {
              const { message } = await gatepost.forgotPassword(email)
              setSent(message)
            }}
          >
            <Field
              name="email"
              label="Email"
              hint="We send a link to choose a new password."
              type="email"
              required
              autoComplete="email"
            />
          </Form>
        )}
        <p>
          <a href="/sign-in">Back to sign-in</a>
        </p>
      </Page>
    </div>
  )
}

export function Reset() {
  const token = useMailedToken()
  const { route } = useLocation()
  if (!token) return <NoToken title="Choose a new password" href="/forgot" label="Get a new link" />
  return (
    <div class="narrow">
      <Page title="Choose a new password" lead="You will be signed out on all devices.">
        <Form
          label="Set password"
          submit={async ({ new_password = '' }) => {
            const body = { token, new_password }
            await gatepost.fetch('POST /api/users/reset-password', { body, anonymous: true })
            say('Password set. Sign in with it.')
            // A session of this browser died with the old password.
            if (session.state.status === 'signed-in') session.forget()
            route('/sign-in')
          }}
        >
          <NewPasswordField name="new_password" label="New password" />
        </Form>
      </Page>
    </div>
  )
}

type LinkState =
  | { kind: 'loading' }
  | { kind: 'ready'; username: string; purpose: 'verify' | 'change' }
  | { kind: 'confirmed' | 'disowned' }
  | { kind: 'failed'; problem: ApiProblem }

/** Confirms an address on a click: a mail scanner loads this page and runs its scripts. */
export function Verify() {
  const token = useMailedToken()
  const state = useSession()
  const [link, setLink] = useState<LinkState>({ kind: 'loading' })
  const fail = (error: unknown) => setLink({ kind: 'failed', problem: asProblem(error) })
  useEffect(() => {
    if (!token) return
    gatepost
      .previewLink(token)
      .then((found) => setLink({ kind: 'ready', ...found }))
      .catch(fail)
  }, [token])
  const isOwnLink = state.status === 'signed-in' && state.user.email_verified
  if (!token) return <NoToken title="Confirm your email" href="/" label="Back to home" />
  switch (link.kind) {
    case 'loading':
      return (
        <Page title="Confirm your email">
          <Waiting what="Checking the link" />
        </Page>
      )
    case 'ready':
      return (
        <Confirm
          link={link}
          confirm={() =>
            gatepost
              .verifyEmail(token)
              .then(() => setLink({ kind: 'confirmed' }))
              .catch(fail)
          }
          disown={() =>
            gatepost
              .disownLink(token)
              .then(() => setLink({ kind: 'disowned' }))
              .catch(fail)
          }
        />
      )
    case 'confirmed':
      return (
        <Page title="Email confirmed" lead="You’re all set.">
          <a class="button" href="/">
            Back to home
          </a>
        </Page>
      )
    case 'disowned':
      return (
        <Page
          title="Thank you"
          lead="The link no longer works, and that account cannot use your address."
        />
      )
    case 'failed':
      return isOwnLink ? (
        <Page title="Email confirmed" lead="Your address is already confirmed.">
          <a class="button" href="/">
            Back to home
          </a>
        </Page>
      ) : (
        <Page title="Confirm your email">
          <Trouble problem={link.problem} />
          <a class="button" href={state.status === 'signed-in' ? '/account/email' : '/'}>
            {state.status === 'signed-in' ? 'Send a new link' : 'Back to home'}
          </a>
        </Page>
      )
  }
}

/** Asks whether the account of a link belongs to the recipient. */
function Confirm({
  link: { username, purpose },
  confirm,
  disown,
}: {
  link: { username: string; purpose: 'verify' | 'change' }
  confirm: () => Promise<void>
  disown: () => Promise<void>
}) {
  const [isBusy, setBusy] = useState(false)
  const act = (work: () => Promise<void>) => () => {
    setBusy(true)
    void work()
  }
  const lead =
    purpose === 'verify'
      ? `The account @${username} was created with this email address.`
      : `The account @${username} wants to use this email address.`
  return (
    <Page title="Is this your account?" lead={lead}>
      <div class="actions">
        <button type="button" disabled={isBusy} onClick={act(confirm)}>
          Yes, this is my account
        </button>
        <button type="button" class="quiet" disabled={isBusy} onClick={act(disown)}>
          {purpose === 'verify' ? 'I did not register' : 'I do not know this account'}
        </button>
      </div>
    </Page>
  )
}
