/** The ways in which a user can sign in, for admins. */
import { useId, useRef, useState } from 'preact/hooks'
import type { UserPrivate } from '../../client'
import { gatepost } from '../gatepost'
import { useLoad } from '../ui/load'
import { Trouble, Waiting } from '../ui/page'
import { Time } from '../ui/time'

/** A button that shows them in a dialog. */
export function Factors({ user }: { user: UserPrivate }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [isOpen, setOpen] = useState(false)
  const id = useId()
  function open() {
    setOpen(true)
    dialog.current?.showModal()
  }
  return (
    <>
      <button type="button" class="quiet" onClick={open}>
        Ways to sign in
      </button>
      <dialog ref={dialog} aria-labelledby={id} onClose={() => setOpen(false)}>
        <h2 id={id}>How {user.username} signs in</h2>
        {isOpen && <Ways user={user} />}
        <div class="row end">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
      </dialog>
    </>
  )
}

function Ways({ user: { id } }: { user: UserPrivate }) {
  const read = () => gatepost.fetch('GET /api/admin/users/{id}/factors', { path: { id } })
  const { data, problem, reload } = useLoad(`factors of ${id}`, read, 'always')
  if (problem) return <Trouble problem={problem} again={reload} />
  if (!data) return <Waiting />
  const { has_password, totp, passkeys, recovery_codes_left, identities } = data
  return (
    <ul>
      <li>{has_password ? 'Password' : 'No password'}</li>
      {totp && <li>Authenticator app</li>}
      {passkeys > 0 && <li>Passkeys: {passkeys}</li>}
      {recovery_codes_left > 0 && <li>Recovery codes left: {recovery_codes_left}</li>}
      {identities.map(({ id, label, email, last_used_at, usable }) => (
        <li key={id}>
          {label}
          {email && `, ${email}`}
          {!usable && ', no longer offered'}
          {last_used_at && (
            <>
              , used <Time at={last_used_at} />
            </>
          )}
        </li>
      ))}
    </ul>
  )
}
