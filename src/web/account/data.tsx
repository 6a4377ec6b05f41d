/** Taking everything along, and leaving. */
import { useLocation } from 'preact-iso'
import type { UserPrivate } from '../../client'
import { gatepost, session } from '../gatepost'
import { Act } from '../ui/act'
import { Confirm } from '../ui/confirm'
import { WithFactors } from '../ui/factors'
import { PasswordField } from '../ui/fields'
import { Form } from '../ui/form'
import { say } from '../ui/messages'
import { Page } from '../ui/page'
import { useStepUp } from '../ui/step-up'

export const Data = ({ me }: { me: UserPrivate }) => (
  <Page title="Your data" lead="Export your data or delete your account.">
    <h2>Export</h2>
    <p>One JSON file with your profile, posts, sessions and activity.</p>
    <Export me={me} />
    <h2>Delete the account</h2>
    <p>
      Your account and all your posts are deleted at once, and you are signed out everywhere. This
      cannot be undone.
    </p>
    <WithFactors>
      {({ has_password }) => (has_password ? <DeletionByPassword /> : <DeletionWithoutPassword />)}
    </WithFactors>
  </Page>
)

function Export({ me }: { me: UserPrivate }) {
  async function save() {
    const url = URL.createObjectURL(await gatepost.export())
    const link = document.createElement('a')
    link.href = url
    link.download = `gatepost-${me.username}.json`
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 60_000)
  }
  return <Act act={save}>Download your data</Act>
}

/** Deletes the account, and shows the start page. */
function useDeletion() {
  const { route } = useLocation()
  return async (password?: string) => {
    await gatepost.fetch('POST /api/users/me/deletion', { body: { ...(password && { password }) } })
    route('/')
    session.forget()
    say('Account deleted.')
  }
}

/** Asks for the password: that is question enough. */
function DeletionByPassword() {
  const deleteAccount = useDeletion()
  return (
    <Form
      label="Delete my account"
      class="danger"
      submit={({ password = '' }) => deleteAccount(password)}
    >
      <PasswordField name="password" label="Your password" autoComplete="current-password" />
    </Form>
  )
}

function DeletionWithoutPassword() {
  const stepUp = useStepUp()
  const deleteAccount = useDeletion()
  return (
    <Confirm
      label="Delete my account"
      question="Delete your account?"
      act={() => stepUp(() => deleteAccount())}
    >
      <p>This cannot be undone.</p>
    </Confirm>
  )
}
