import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips } from '../support/client'
import { passMs, stopClock } from '../support/clock'
import { expectDead, expectProblem, me, refresh, sessionIdOf, tokens } from '../support/sign-in'
import { eventsOf, PASSWORD, person, register, sessionsOf } from '../support/users'

interface Listed {
  id: string
  created_at: string
  last_used_at: string
  expires_at: string
  user_agent: string | null
  location: string | null
  current: boolean
}

stopClock()
async function list(token: string, query = '') {
  const response = await call('GET', `/api/users/me/sessions${query}`, { token })
  expect([response.status, trips(response)]).toEqual([200, 1])
  return response.json<{ sessions: Listed[]; next_cursor: string | null }>()
}
/** Signs in from a browser of that name, somewhere. */
async function signInFrom(
  username: string,
  agent: string,
  cf?: { city?: string; country?: string },
) {
  const form = { username, password: PASSWORD }
  const headers = { 'User-Agent': agent }
  return tokens(await call('POST', '/api/users/token', { form, headers, ...(cf && { cf }) }))
}

describe('the list of own sessions', () => {
  it('→ 200 with each active session, newest first: browser, location, times, and which one is current', async () => {
    const ann = await register()
    const start = Date.now()
    const phone = await signInFrom(ann.email, 'Phone/1.0', { city: 'Vienna', country: 'AT' })
    passMs(1000)
    const laptop = await signInFrom(ann.email, `Laptop/${'x'.repeat(500)}`, { country: 'DE' })
    passMs(60_000)
    const { access_token } = await tokens(await refresh(phone.refresh_token))

    const { sessions, next_cursor } = await list(access_token)
    const at = (ms: number) => new Date(start + ms).toISOString()
    const day = (ms: number) => `${at(ms).slice(0, 10)}T00:00:00.000Z`
    const month = 30 * 24 * 60 * 60 * 1000
    expect(next_cursor).toBeNull()
    expect(sessions).toEqual([
      {
        id: sessionIdOf(laptop.access_token),
        created_at: at(1000),
        last_used_at: day(1000),
        expires_at: day(1000 + month),
        user_agent: `Laptop/${'x'.repeat(248)}`,
        location: 'DE',
        current: false,
      },
      {
        id: sessionIdOf(phone.access_token),
        created_at: at(0),
        last_used_at: day(61_000),
        expires_at: day(61_000 + month),
        user_agent: 'Phone/1.0',
        location: expect.any(String),
        current: true,
      },
    ])
  })

  it('has pages without gaps or repeats, also while sessions start and end', async () => {
    const ann = await person()
    const ids = [sessionIdOf(ann.token)]
    for (let n = 0; n < 4; n++) {
      if (n !== 2) passMs(1000) // two of the same millisecond
      ids.unshift(sessionIdOf((await signInFrom(ann.email, `Browser/${n}`)).access_token))
    }
    const seen: string[] = []
    let cursor: string | null = null
    for (let pages = 0; pages < 9; pages++) {
      const query: string = cursor ? `?limit=2&cursor=${cursor}` : '?limit=2'
      const page = await list(ann.token, query)
      seen.push(...page.sessions.map((session) => session.id))
      cursor = page.next_cursor
      if (!cursor) break
      passMs(1000)
      if (pages === 0) await signInFrom(ann.email, 'Browser/late')
    }
    expect(seen).toHaveLength(5)
    expect(new Set(seen)).toEqual(new Set(ids))
  })

  it('→ 422 for cursors of other users and lists, and for limits out of bounds', async () => {
    const [ann, bob] = [await person(), await person('bob')]
    await signInFrom(bob.email, 'Browser')
    const { next_cursor } = await list(bob.token, '?limit=1')
    expect((await list(bob.token, `?limit=1&cursor=${next_cursor}`)).sessions).toHaveLength(1)
    for (const query of [
      `?cursor=${next_cursor}`,
      '?cursor=x',
      '?cursor=',
      `?cursor=${next_cursor}A`,
      '?limit=0',
      '?limit=101',
      '?limit=-1',
      '?limit=1.5',
      '?limit=1e1',
      '?limit=x',
      '?limit=',
    ]) {
      const response = await call('GET', `/api/users/me/sessions${query}`, { token: ann.token })
      expect(trips(response), query).toBe(0)
      await expectProblem(response, 422, 'invalid-request')
    }
  })

  it('has no session that has ended', async () => {
    const ann = await register()
    await signInFrom(ann.email, 'Old')
    passMs(31 * 24 * 60 * 60 * 1000)
    const { access_token } = await signInFrom(ann.email, 'New')
    expect((await list(access_token)).sessions.map((s) => s.user_agent)).toEqual(['New'])
  })
})

describe('ending own sessions', () => {
  it('→ 204: the named session ends from the next request; 404 for another user’s', async () => {
    const [ann, bob] = [await person(), await person('bob')]
    const other = await signInFrom(ann.email, 'Other')
    const end = (id: string) => call('DELETE', `/api/users/me/sessions/${id}`, { token: ann.token })
    const response = await end(sessionIdOf(other.access_token))
    expect([response.status, trips(response)]).toEqual([204, 1])
    await expectDead({ token: other.access_token, refreshToken: other.refresh_token })
    expect((await me(ann.token)).status).toBe(200)

    for (const id of [sessionIdOf(other.access_token), sessionIdOf(bob.token), 'A'.repeat(22)]) {
      await expectProblem(await end(id), 404, 'session-not-found')
    }
    for (const id of ['1', 'A'.repeat(23), "'or'1'='1", '%00', '%2e%2e']) {
      expect([404, 422]).toContain((await end(id)).status)
    }
    expect((await me(bob.token)).status).toBe(200)
  })

  it('ends the current session, too', async () => {
    const ann = await person()
    const path = `/api/users/me/sessions/${sessionIdOf(ann.token)}`
    expect((await call('DELETE', path, { token: ann.token })).status).toBe(204)
    await expectDead({ token: ann.token, refreshToken: ann.refreshToken })
  })

  it('ends all others and keeps the current one', async () => {
    const ann = await person()
    const others = [await signInFrom(ann.email, 'A'), await signInFrom(ann.username, 'B')]
    const response = await call('DELETE', '/api/users/me/sessions', { token: ann.token })
    expect([response.status, trips(response)]).toEqual([204, 1])
    for (const { access_token, refresh_token } of others) {
      await expectDead({ token: access_token, refreshToken: refresh_token })
    }
    expect((await list(ann.token)).sessions).toMatchObject([{ current: true }])
    await tokens(await refresh(ann.refreshToken))
  })
})

describe('the times of a session', () => {
  it('are rounded to the day, so that they do not reveal when its token was rotated', async () => {
    const ann = await person()
    const before = await list(ann.token)
    passMs(1000)
    const { access_token } = await tokens(await refresh(ann.refreshToken))
    expect((await list(access_token)).sessions).toEqual(before.sessions)
    for (const time of [before.sessions[0]?.last_used_at, before.sessions[0]?.expires_at])
      expect(time).toMatch(/T00:00:00\.000Z$/)
    const exported = await (
      await call('GET', '/api/users/me/export', { token: access_token })
    ).json<{
      sessions: Listed[]
    }>()
    for (const session of exported.sessions)
      expect([session.last_used_at, session.expires_at].join()).toMatch(
        /T00:00:00\.000Z,.*T00:00:00\.000Z$/,
      )
  })
})

describe('the active sessions of an account', () => {
  it('are at most 100: a further sign-in ends the oldest, with an event', async () => {
    const ann = await register()
    const first = await signInFrom(ann.email, 'First/1.0')
    passMs(1)
    const second = await signInFrom(ann.email, 'Second/1.0')
    passMs(1)
    await fillSessions(ann.id, 98)
    expect((await me(first.access_token)).status).toBe(200)
    passMs(1)
    const newest = await signInFrom(ann.email, 'Newest/1.0')
    await expectDead({ token: first.access_token, refreshToken: first.refresh_token })
    expect((await me(second.access_token)).status).toBe(200)
    expect((await me(newest.access_token)).status).toBe(200)
    expect(await sessionsOf(ann.id)).toBe(100)
    expect(await eventsOf(ann.id)).toEqual(['registered', 'login', 'login', 'login', 'logout'])
  })

  it('of another account do not count', async () => {
    const [ann, bob] = [await person(), await person()]
    await fillSessions(ann.id, 99)
    expect((await me(bob.token)).status).toBe(200)
    expect(await sessionsOf(ann.id)).toBe(100)
  })
})

/** Stores sessions of a user, all begun now. */
const fillSessions = (userId: number, count: number) =>
  env.DB.batch(
    Array.from({ length: count }, () =>
      env.DB.prepare(
        `insert into sessions (id, user_id, client_id, scope, rotated_at, created_at, last_used_at, expires_at)
         values (?1, ?2, 'first-party', 'account', ?3, ?3, ?3, ?3 + 86400000)`,
      ).bind(crypto.randomUUID(), userId, Date.now()),
    ),
  )
