/** What happened to all accounts. */
import { answer } from '../../client/client'
import { eventWords, isAlarming } from '../account/event-words'
import { api } from '../gatepost'
import { List } from '../ui/list'
import { useList } from '../ui/load'
import { Page } from '../ui/page'
import { Time } from '../ui/time'

export function Events() {
  const list = useList('admin events', async (cursor) => {
    const page = await answer(api.admin.events.$get({ query: cursor ? { cursor } : {} }))
    return { items: page.events, next: page.next_cursor }
  })
  return (
    <Page title="Events" lead="What happened to all accounts, newest first.">
      <List
        list={list}
        empty="Nothing yet."
        row={(event) => (
          <li key={event.id} class="entry">
            <span class={isAlarming(event.type) ? 'alarming' : undefined}>
              {eventWords(event.type)}
            </span>
            <span class="muted">
              <a href={`/people/${event.user_id}`}>person {event.user_id}</a> ·{' '}
              {event.location && `${event.location} · `}
              <Time at={event.at} />
            </span>
          </li>
        )}
      />
    </Page>
  )
}
