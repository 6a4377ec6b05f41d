/** Security events of all accounts. */
import { useLocation } from 'preact-iso'
import { EventName } from '../account/event-name'
import { gatepost } from '../gatepost'
import { List } from '../ui/list'
import { useList } from '../ui/load'
import { Page } from '../ui/page'
import { Time } from '../ui/time'

export function Events() {
  const user_id = useLocation().query.user_id ?? ''
  const list = useList(`admin events ${user_id}`, async (cursor) => {
    const page = await gatepost.fetch('GET /api/admin/events', {
      query: { user_id: user_id ? Number(user_id) : undefined, cursor },
    })
    return { items: page.events, next: page.next_cursor }
  })
  return (
    <Page
      title="Events"
      lead={
        user_id ? (
          <>
            Security events of <a href={`/people/${user_id}`}>person {user_id}</a>, newest first.{' '}
            <a href="/admin/events">All events</a>
          </>
        ) : (
          'Security events of all accounts, newest first.'
        )
      }
    >
      <List
        list={list}
        empty="Nothing yet."
        row={(event) => (
          <li key={event.id} class="entry">
            <EventName type={event.type} />
            <span class="muted">
              <a href={`/admin/events?user_id=${event.user_id}`}>person {event.user_id}</a>
              {event.location && ` · ${event.location}`} · <Time at={event.at} />
            </span>
          </li>
        )}
      />
    </Page>
  )
}
