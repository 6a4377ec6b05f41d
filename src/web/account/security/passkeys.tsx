/** Account → Security: passkeys. */
import { useEffect } from 'preact/hooks'
import { gatepost } from '../../gatepost'
import { addPasskey, hasPasskeys, signalAccepted } from '../../passkeys'
import { Act } from '../../ui/act'
import { Confirm } from '../../ui/confirm'
import { useLoad } from '../../ui/load'
import { say } from '../../ui/messages'
import { Trouble, Waiting } from '../../ui/page'
import { useStepUp } from '../../ui/step-up'
import { Time } from '../../ui/time'

interface PasskeysProps {
  /** Shows new recovery codes, and reads the factors again. */
  changed: (recoveryCodes?: string[]) => void
}

export function Passkeys({ changed }: PasskeysProps) {
  const stepUp = useStepUp()
  const list = useLoad('passkeys', () => gatepost.fetch('GET /api/users/me/passkeys'), 'always')
  const { data } = list
  useEffect(() => {
    if (!data || !hasPasskeys()) return
    const usable = data.passkeys.filter((passkey) => passkey.usable)
    void signalAccepted(
      data.rp_id,
      data.user_handle,
      usable.map(({ id }) => id),
    )
  }, [data])
  if (list.problem) return <Trouble problem={list.problem} again={list.reload} />
  if (!data) return <Waiting />
  async function add() {
    const added = await stepUp(addPasskey)
    say('Passkey added.')
    await list.reload()
    changed(added.recovery_codes ?? undefined)
  }
  return (
    <>
      <p>Sign in with your fingerprint, face, PIN or a security key.</p>
      <ul class="list">
        {data.passkeys.map((passkey) => (
          <PasskeyEntry
            key={passkey.id}
            passkey={passkey}
            changed={async () => {
              await list.reload()
              changed()
            }}
          />
        ))}
      </ul>
      {hasPasskeys() ? (
        <Act act={add}>Add a passkey</Act>
      ) : (
        <p class="muted">This browser cannot create passkeys.</p>
      )}
    </>
  )
}

interface Entry {
  id: string
  name: string
  created_at: string
  last_used_at: string | null
  synced: boolean
  usable: boolean
}

function PasskeyEntry({ passkey, changed }: { passkey: Entry; changed: () => Promise<void> }) {
  const stepUp = useStepUp()
  const { id, name, synced, usable } = passkey
  return (
    <li class="entry">
      <div>
        <strong>{name}</strong> {synced && <span class="badge">synced</span>}{' '}
        {!usable && <span class="badge warn">for a former domain</span>}
        <p class="muted">
          Added <Time at={passkey.created_at} />
          {passkey.last_used_at && (
            <>
              {' '}
              · Used <Time at={passkey.last_used_at} />
            </>
          )}
        </p>
      </div>
      <Confirm
        label="Remove"
        question={`Remove “${name}”?`}
        act={async () => {
          const path = { id }
          await stepUp(() => gatepost.fetch('DELETE /api/users/me/passkeys/{id}', { path }))
          say('Passkey removed.')
          await changed()
        }}
      >
        <p>It can no longer be used to sign in.</p>
      </Confirm>
    </li>
  )
}
