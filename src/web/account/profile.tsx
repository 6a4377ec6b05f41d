/** Name and picture. */
import { useRef, useState } from 'preact/hooks'
import type { UserPrivate } from '../../client'
import { gatepost } from '../gatepost'
import { Avatar } from '../ui/avatar'
import { Field } from '../ui/fields'
import { Form } from '../ui/form'
import { asProblem } from '../ui/load'
import { say } from '../ui/messages'
import { Page } from '../ui/page'
import { squarePicture } from './picture'

export const Profile = ({ me }: { me: UserPrivate }) => (
  <Page
    title="Profile"
    lead={
      <>
        Your public profile, on <a href={`/people/${me.id}`}>your page</a> and beside your posts.
      </>
    }
  >
    <Picture me={me} />
    <Form
      key={`${me.username} ${me.full_name}`}
      label="Save"
      submit={async ({ username = '', full_name = '' }) => {
        await gatepost.updateProfile({
          username: username.trim(),
          full_name: full_name.trim() || null,
        })
        say('Saved.')
      }}
    >
      <Field
        name="full_name"
        label="Name"
        hint="Optional, in any script."
        maxLength={100}
        autoComplete="name"
        defaultValue={me.full_name ?? ''}
      />
      <Field
        name="username"
        label="Username"
        hint="3 to 30 letters, digits, “_”, “.” or “-”. You can sign in with it."
        required
        maxLength={30}
        autoComplete="username"
        autoCapitalize="none"
        spellcheck={false}
        defaultValue={me.username}
      />
    </Form>
  </Page>
)

function Picture({ me }: { me: UserPrivate }) {
  const input = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')

  async function attempt(work: () => Promise<void>) {
    setBusy(true)
    setTrouble('')
    await work().catch((error) => setTrouble(asProblem(error).message))
    setBusy(false)
  }
  const upload = (file: File) =>
    attempt(async () => {
      const picture = await squarePicture(file)
      if (!picture) return setTrouble('The browser cannot read this file as a picture.')
      await gatepost.avatar.set(picture)
      say('Picture saved.')
    })
  const remove = () =>
    attempt(async () => {
      await gatepost.avatar.delete()
      say('Picture removed.')
    })
  return (
    <section class="picture" aria-label="Picture">
      <Avatar user={me} size="large" />
      <div>
        <div class="row">
          <button
            type="button"
            class="quiet"
            aria-busy={busy}
            onClick={() => input.current?.click()}
          >
            {me.image_url ? 'Change picture' : 'Add a picture'}
          </button>
          {me.image_url && (
            <button type="button" class="quiet" onClick={remove}>
              Remove
            </button>
          )}
        </div>
        <small class="hint">Cropped to a square and resized on your device before upload.</small>
        {trouble && (
          <small class="error" role="alert">
            {trouble}
          </small>
        )}
      </div>
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg,image/webp"
        aria-label="Picture file"
        hidden
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? []
          event.currentTarget.value = ''
          if (file) void upload(file)
        }}
      />
    </section>
  )
}
