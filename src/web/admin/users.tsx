/** Everybody, with what an admin may do to them. */
import { useLocation } from 'preact-iso'
import type { UserPrivate } from '../../client'
import { gatepost, session } from '../gatepost'
import { Avatar, nameOf } from '../ui/avatar'
import { Confirm } from '../ui/confirm'
import { List } from '../ui/list'
import { useList } from '../ui/load'
import { say } from '../ui/messages'
import { Page } from '../ui/page'
import { Search } from '../ui/search'
import { useStepUp } from '../ui/step-up'
import { Time } from '../ui/time'
import { Factors } from './factors'

type Change = { role?: 'user' | 'admin'; is_active?: boolean }

export function Users({ me }: { me: UserPrivate }) {
  const q = useLocation().query.q?.trim() ?? ''
  const list = useList(`admin users ${q}`, async (cursor) => {
    const page = await gatepost.fetch('GET /api/admin/users', {
      query: { q: q || undefined, cursor },
    })
    return { items: page.users, next: page.next_cursor }
  })
  async function change(user: UserPrivate, body: Change) {
    const changed = await gatepost.fetch('PATCH /api/admin/users/{id}', {
      path: { id: user.id },
      body,
    })
    list.change((list.items ?? []).map((other) => (other.id === changed.id ? changed : other)))
    if (changed.id === me.id) session.update(changed)
    say(`${changed.username} was changed.`)
  }
  async function endSessions(user: UserPrivate) {
    await gatepost.fetch('DELETE /api/admin/users/{id}/sessions', { path: { id: user.id } })
    say(`All sessions of ${user.username} have ended.`)
  }
  const stepUp = useStepUp()
  async function removeFactors(user: UserPrivate) {
    const path = { id: user.id }
    await stepUp(() => gatepost.fetch('POST /api/admin/users/{id}/factors/removal', { path }))
    say(`The second factors of ${user.username} are removed.`)
  }
  return (
    <Page title="People" lead="All accounts, oldest first.">
      <Search label="Username, email or id" words={q} at="/admin" />
      <List
        list={list}
        empty={q ? `No accounts match “${q}”.` : 'No accounts.'}
        row={(user) => (
          <li key={user.id} class="entry">
            <Who user={user} />
            <div class="row">
              {user.role === 'admin' ? (
                <Confirm
                  label="Remove admin role"
                  class="quiet"
                  question={`Take the admin role from ${user.username}?`}
                  act={() => change(user, { role: 'user' })}
                />
              ) : (
                <Confirm
                  label="Make admin"
                  class="quiet"
                  question={`Make ${user.username} an admin?`}
                  act={() => change(user, { role: 'admin' })}
                >
                  <p>Admins see every address, disable people and delete any post.</p>
                </Confirm>
              )}
              <Confirm
                label="End sessions"
                class="quiet"
                question={`End all sessions of ${user.username}?`}
                act={() => endSessions(user)}
              />
              <Factors user={user} />
              <Confirm
                label="Remove factors"
                class="quiet"
                question={`Remove the second factors of ${user.username}?`}
                act={() => removeFactors(user)}
              >
                <p>
                  For a user who lost them, once you know who asks. The password or a connected
                  account signs in alone afterwards, and the user gets an email.
                </p>
              </Confirm>
              {user.is_active ? (
                <Confirm
                  label="Disable"
                  question={`Disable ${user.username}?`}
                  act={() => change(user, { is_active: false })}
                >
                  <p>A disabled account cannot sign in. Its posts stay.</p>
                </Confirm>
              ) : (
                <Confirm
                  label="Enable"
                  class="quiet"
                  question={`Enable ${user.username} again?`}
                  act={() => change(user, { is_active: true })}
                />
              )}
            </div>
          </li>
        )}
      />
    </Page>
  )
}

const Who = ({ user }: { user: UserPrivate }) => (
  <div class="who">
    <Avatar user={user} />
    <div>
      <a href={`/people/${user.id}`}>{nameOf(user)}</a>{' '}
      {user.role === 'admin' && <span class="badge">admin</span>}{' '}
      {!user.is_active && <span class="badge bad">disabled</span>}
      <p class="muted">
        @{user.username} · {user.email} {!user.email_verified && '(unverified)'} · since{' '}
        <Time at={user.created_at} /> · <a href={`/admin/events?user_id=${user.id}`}>events</a>
      </p>
    </div>
  </div>
)
