/** Changing the password, or setting the first one. */
import { useState } from 'preact/hooks'
import type { UserPrivate } from '../../client'
import { gatepost } from '../gatepost'
import { WithFactors } from '../ui/factors'
import { NewPasswordField, PasswordField } from '../ui/fields'
import { Form } from '../ui/form'
import { say } from '../ui/messages'
import { Page } from '../ui/page'
import { useStepUp } from '../ui/step-up'

export const Password = ({ me }: { me: UserPrivate }) => (
  <Page title="Password" lead="A new password signs you out on all other devices.">
    <WithFactors>
      {({ has_password }, reload) =>
        has_password ? <Change me={me} /> : <SetFirst me={me} done={reload} />
      }
    </WithFactors>
  </Page>
)

function Change({ me }: { me: UserPrivate }) {
  const [changes, setChanges] = useState(0)
  return (
    <>
      <Form
        key={changes}
        label="Change password"
        submit={async ({ current_password = '', new_password = '' }) => {
          await gatepost.changePassword({ current_password, new_password })
          setChanges(changes + 1)
          say('Password changed. All other devices are signed out.')
        }}
      >
        <Owner me={me} />
        <PasswordField
          name="current_password"
          label="Current password"
          autoComplete="current-password"
        />
        <NewPasswordField name="new_password" label="New password" />
      </Form>
      <p class="muted">
        Forgot it? <a href="/forgot">Email a reset link</a> to {me.email}.
      </p>
    </>
  )
}

function SetFirst({ me, done }: { me: UserPrivate; done: () => Promise<void> }) {
  const stepUp = useStepUp()
  return (
    <>
      <p>Your account has no password. You can set one to sign in with it as well.</p>
      <Form
        label="Set password"
        submit={async ({ new_password = '' }) => {
          await stepUp(() => gatepost.changePassword({ new_password }))
          say('Password set. All other devices are signed out.')
          await done()
        }}
      >
        <Owner me={me} />
        <NewPasswordField name="new_password" label="New password" />
      </Form>
    </>
  )
}

/** Tells password managers whose password this is. */
const Owner = ({ me }: { me: UserPrivate }) => (
  <input type="text" autoComplete="username" value={me.username} readOnly hidden />
)
