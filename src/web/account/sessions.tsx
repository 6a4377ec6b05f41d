/** Where one is signed in, and ending that. */
import { gatepost } from '../gatepost'
import { Confirm } from '../ui/confirm'
import { List } from '../ui/list'
import { useList } from '../ui/load'
import { say } from '../ui/messages'
import { Page } from '../ui/page'
import { Time } from '../ui/time'
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
      lead="Where you are signed in. End what you do not know, then change your password."
    >
      <List
        list={list}
        empty="No sessions."
        row={(session) => (
          <li key={session.id} class="entry">
            <div>
              <strong>{device(session.user_agent)}</strong>{' '}
              {session.current && <span class="badge good">this one</span>}
              <p class="muted">
                {session.location && `${session.location} · `}
                used <Time at={session.last_used_at} /> · since <Time at={session.created_at} />
              </p>
            </div>
            {!session.current && (
              <Confirm
                label="End"
                question="End this session?"
                act={async () => {
                  await gatepost.sessions.end(session.id)
                  list.change(items.filter((other) => other.id !== session.id))
                  say('Session ended.')
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
          label="End all others"
          question="End all other sessions?"
          act={async () => {
            await gatepost.sessions.endOthers()
            list.change(items.filter((session) => session.current))
            say('All other sessions have ended.')
          }}
        >
          <p>Every other browser and app will have to sign in again.</p>
        </Confirm>
      )}
    </Page>
  )
}
