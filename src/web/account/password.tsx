/** Changing the password. */
import { useState } from 'preact/hooks'
import type { UserPrivate } from '../../client'
import { gatepost } from '../gatepost'
import { NewPasswordField, PasswordField } from '../ui/fields'
import { Form } from '../ui/form'
import { say } from '../ui/messages'
import { Page } from '../ui/page'

export function Password({ me }: { me: UserPrivate }) {
  const [changes, setChanges] = useState(0)
  return (
    <Page title="Password" lead="Changing it signs you out on all other devices.">
      <Form
        key={changes}
        label="Change password"
        submit={async ({ current_password = '', new_password = '' }) => {
          await gatepost.changePassword({ current_password, new_password })
          setChanges(changes + 1)
          say('Password changed. All other devices are signed out.')
        }}
      >
        {/* So that password managers know whose password this is. */}
        <input type="text" autoComplete="username" value={me.username} readOnly hidden />
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
    </Page>
  )
}
