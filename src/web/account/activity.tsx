/** Security events of the account. */
import { gatepost } from '../gatepost'
import { List } from '../ui/list'
import { useList } from '../ui/load'
import { Page } from '../ui/page'
import { Time } from '../ui/time'
import { EventName } from './event-name'

export function Activity() {
  const list = useList('activity', async (cursor) => {
    const page = await gatepost.events.list({ cursor })
    return { items: page.events, next: page.next_cursor }
  })
  return (
    <Page title="Activity" lead="Security activity of your account, newest first.">
      <List
        list={list}
        empty="Nothing yet."
        row={(event) => (
          <li key={event.id} class="entry">
            <EventName type={event.type} />
            <span class="muted">
              {event.location && `${event.location} · `}
              <Time at={event.at} />
            </span>
          </li>
        )}
      />
    </Page>
  )
}
