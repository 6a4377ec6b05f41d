// Failed sign-ins: every endpoint answers with the same bytes after the same work, whatever the
// reason.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { hashesComputed } from '../../src/security/password'
import { call, trips, workerWith } from '../support/client'
import { recordQueries } from '../support/queries'
import { askForLink, linkCookieOf } from '../support/sign-in-links'
import { disable, freshName, PASSWORD, person, proven, register } from '../support/users'

const WRONG = 'wrong horse battery staple'

/** All that a client can see of an answer but the request's id and the times. */
async function visible(response: Response): Promise<string> {
  const id = response.headers.get('X-Request-Id') ?? ''
  const headers = [...response.headers].filter(
    ([name]) => name !== 'server-timing' && name !== 'x-request-id',
  )
  return JSON.stringify([response.status, headers, (await response.text()).replaceAll(id, '')])
}

const ENDPOINTS: Record<string, (login: string, password: string) => Promise<Response>> = {
  '/api/users/token': (username, password) =>
    call('POST', '/api/users/token', { form: { username, password } }),
  '/oauth/token': (username, password) =>
    call('POST', '/oauth/token', { form: { grant_type: 'password', username, password } }),
  '/api/session': (login, password) => call('POST', '/api/session', { json: { login, password } }),
}

/** Logins and passwords that must fail alike. */
async function failures(): Promise<Record<string, [login: string, password: string]>> {
  const known = await register()
  const disabled = await register()
  await disable(disabled.id)
  const nobody = freshName()
  return {
    'wrong password': [known.email, WRONG],
    'wrong password, by name': [known.username, WRONG],
    'wrong password, respelled login': [` ${known.email.toUpperCase()}`, WRONG],
    'unknown address': [`${nobody}@example.com`, PASSWORD],
    'unknown name': [nobody, PASSWORD],
    'disabled, right password': [disabled.email, PASSWORD],
    'disabled, wrong password': [disabled.username, WRONG],
    'no login that could be': ['\u0000💩@', WRONG],
    'a very long login': [`${'a'.repeat(300)}@example.com`, WRONG],
    'a very long password': [nobody, 'x'.repeat(4000)],
    'the hash as a password': [known.email, '$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA'],
  }
}

describe.each(Object.entries(ENDPOINTS))('%s', (_, endpoint) => {
  it('fails alike for every reason, after one trip and one hash', async () => {
    const answers = new Map<string, string[]>()
    for (const [reason, [login, password]] of Object.entries(await failures())) {
      const before = hashesComputed()
      const answer = await endpoint(login, password)
      expect([reason, trips(answer), hashesComputed() - before]).toEqual([reason, 1, 1])
      const seen = await visible(answer)
      answers.set(seen, [...(answers.get(seen) ?? []), reason])
    }
    expect([...answers.values()]).toHaveLength(1)
    expect([...answers.keys()][0]).toMatch(/^\[(?:401|400),/)
  })

  it('counts known and unknown logins alike, and keeps no event of an unknown one', async () => {
    const rows = () =>
      env.DB.prepare(
        'select (select count(*) from attempts) as attempts, (select count(*) from events) as events',
      ).first<{ attempts: number; events: number }>()
    const known = await register()
    for (const [login, events] of [
      [known.email, 1],
      [known.username, 1],
      [freshName(), 0],
      [`${freshName()}@example.com`, 0],
    ] as const) {
      const before = await rows()
      await endpoint(login, WRONG)
      const after = await rows()
      expect([after?.attempts, after?.events]).toEqual([
        (before?.attempts ?? 0) + 1,
        (before?.events ?? 0) + events,
      ])
    }
  })

  it('takes two trips and one hash when it succeeds', async () => {
    const { email } = await person()
    const before = hashesComputed()
    const answer = await endpoint(email, PASSWORD)
    expect([answer.status, trips(answer), hashesComputed() - before]).toEqual([200, 2, 1])
  })
})

it('answers forgot-password alike for known, unknown and disabled, after one trip and no hash', async () => {
  const known = await register()
  const disabled = await register()
  await disable(disabled.id)
  const before = hashesComputed()
  const answers = new Set<string>()
  for (const email of [
    known.email,
    known.email.toUpperCase(),
    disabled.email,
    `${freshName()}@example.com`,
  ]) {
    const answer = await call('POST', '/api/users/forgot-password', { json: { email } })
    expect([answer.status, trips(answer)]).toEqual([202, 1])
    answers.add(await visible(answer))
  }
  expect([...answers]).toHaveLength(1)
  expect(hashesComputed()).toBe(before)
})

it('answers a request for a sign-in link alike for known, unproven, unknown, disabled and refused, after one trip and no hash', async () => {
  const [known, unproven, disabled] = [await proven(), await register(), await proven()]
  await disable(disabled.id)
  const cookie = linkCookieOf(await askForLink(`${freshName()}@example.com`))
  const before = hashesComputed()
  const answers = new Set<string>()
  for (const email of [
    ...Array(5).fill(known.email),
    known.email.toUpperCase(),
    unproven.email,
    disabled.email,
    ...Array(5).fill(`${freshName()}@example.com`),
  ]) {
    const answer = await askForLink(email, cookie)
    expect([answer.status, trips(answer)]).toEqual([202, 1])
    answers.add(await visible(answer))
  }
  expect([...answers]).toHaveLength(1)
  expect(hashesComputed()).toBe(before)
})

it('counts requests for a sign-in link alike for known and unknown addresses', async () => {
  const counts = async () =>
    (
      await env.DB.prepare('select key, count from mail_counts').all<{
        key: string
        count: number
      }>()
    ).results
  for (const email of [(await proven()).email, `${freshName()}@example.com`]) {
    const before = await counts()
    for (let n = 0; n < 5; n++) await askForLink(email)
    const known = new Map(before.map(({ key, count }) => [key, count]))
    const changed = (await counts()).filter(({ key, count }) => known.get(key) !== count)
    expect(changed.map(({ count }) => count)).toEqual([3])
    expect(JSON.stringify(changed)).not.toContain('@')
  }
})

it.each<[string, (login: string) => [string, object]]>([
  ['a sign-in', (login) => ['/api/session', { login, password: WRONG }]],
  ['forgot-password', (email) => ['/api/users/forgot-password', { email }]],
  ['a request for a sign-in link', (email) => ['/api/session/email', { email }]],
])(
  '%s sends the same statements for known and unknown logins, and stores no event of the unknown',
  async (_, request) => {
    const known = await proven()
    const sent: string[][] = []
    for (const login of [known.email, `${freshName()}@example.com`]) {
      const { queries, binding } = recordQueries()
      const [path, json] = request(login)
      await workerWith({ DB: binding })('POST', path, { json })
      sent.push([...queries])
    }
    expect(sent[0]?.length).toBeGreaterThan(3)
    expect(sent[1]).toEqual(sent[0])
    const unowned = await env.DB.prepare('select count(*) from events where user_id = 0').first(
      'count(*)',
    )
    expect(unowned).toBe(0)
  },
)
