/** Where one is signed in, and ending that. */
import { gatepost } from '../gatepost'
import { Confirm } from '../ui/confirm'
import { List } from '../ui/list'
import { useList } from '../ui/load'
import { say } from '../ui/messages'
import { Page } from '../ui/page'
import { Day, Time } from '../ui/time'
import { device } from './device'

export function Sessions() {
  const list = useList('sessions', async (cursor) => {
    const page = await gatepost.sessions.list({ cursor })
    return { items: page.sessions, next: page.next_cursor }
  })
  const { items = [] } = list
  return (
    <Page
      title="Sessions"
      lead="Devices signed in to your account. Sign out any you don’t recognize, then change your password."
    >
      <List
        list={list}
        empty="No sessions."
        row={(session) => (
          <li key={session.id} class="entry">
            <div>
              <strong>{device(session.user_agent)}</strong>{' '}
              {session.current && <span class="badge good">This device</span>}
              <p class="muted">
                {session.location && `${session.location} · `}
                Active <Day at={session.last_used_at} /> · Signed in{' '}
                <Time at={session.created_at} />
              </p>
            </div>
            {!session.current && (
              <Confirm
                label="Sign out"
                question="Sign out this device?"
                act={async () => {
                  await gatepost.sessions.end(session.id)
                  list.change(items.filter((other) => other.id !== session.id))
                  say('Device signed out.')
                }}
              >
                <p>{device(session.user_agent)} will have to sign in again.</p>
              </Confirm>
            )}
          </li>
        )}
      />
      {items.length > 1 && (
        <Confirm
          label="Sign out other sessions"
          question="Sign out all other sessions?"
          act={async () => {
            await gatepost.sessions.endOthers()
            list.change(items.filter((session) => session.current))
            say('All other devices are signed out.')
          }}
        >
          <p>Every other browser and app must sign in again.</p>
        </Confirm>
      )}
    </Page>
  )
}
