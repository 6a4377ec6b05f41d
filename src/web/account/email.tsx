/** The address: confirmed or not, and changing it. */
import { useState } from 'preact/hooks'
import type { UserPrivate } from '../../client'
import { gatepost } from '../gatepost'
import { Act } from '../ui/act'
import { WithFactors } from '../ui/factors'
import { Field, PasswordField } from '../ui/fields'
import { Form } from '../ui/form'
import { say } from '../ui/messages'
import { Page } from '../ui/page'
import { useStepUp } from '../ui/step-up'

export function Email({ me }: { me: UserPrivate }) {
  return (
    <Page title="Email" lead="Only you and admins can see it. Password reset links are sent there.">
      <p>
        <strong>{me.email}</strong>{' '}
        {me.email_verified ? (
          <span class="badge good">verified</span>
        ) : (
          <span class="badge warn">unverified</span>
        )}
      </p>
      {!me.email_verified && <SendAgain />}
      <h2>Change email</h2>
      <WithFactors>{({ has_password }) => <Change hasPassword={has_password} />}</WithFactors>
    </Page>
  )
}

function Change({ hasPassword }: { hasPassword: boolean }) {
  const stepUp = useStepUp()
  const [asked, setAsked] = useState('')
  return (
    <>
      {asked && (
        <p class="notice good" role="status">
          If {asked} can be used, a link is on its way to it; at most three mails an hour go there.
          Your address changes when you open it.
        </p>
      )}
      <Form
        key={asked}
        label="Change address"
        submit={async ({ email = '', password }) => {
          await stepUp(() => gatepost.changeEmail({ email, ...(password && { password }) }))
          setAsked(email)
        }}
      >
        <Field name="email" label="New email" type="email" required autoComplete="email" />
        {hasPassword && (
          <PasswordField name="password" label="Your password" autoComplete="current-password" />
        )}
      </Form>
    </>
  )
}

function SendAgain() {
  async function send() {
    const { message } = await gatepost.sendVerification()
    say(message)
  }
  return <Act act={send}>Resend confirmation email</Act>
}
