// Changes between the two trips of a sign-in: the second trip checks again what the first decided.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Account } from '../../src/credentials/account'
import { openDatabase } from '../../src/db'
import { argon2id } from '../../src/security/argon2/own-kernel'
import { formatPhc } from '../../src/security/argon2/phc'
import { hashPassword } from '../../src/security/password'
import { randomId } from '../../src/security/secret-token'
import { reserveSignIn } from '../../src/sessions/password/store'
import { insertStarted } from '../../src/sessions/start/store'
import { interrupted } from '../support/broken-database'
import { call, trips, workerWith } from '../support/client'
import { giveTotp } from '../support/factors'
import { catchMails } from '../support/mailbox'
import { clickLink, mailedLink } from '../support/sign-in-links'
import {
  disable,
  eventsOf,
  PASSWORD,
  person,
  proven,
  setPasswordHash,
  signIn,
} from '../support/users'

catchMails()

const open = () => openDatabase(env.DB, { count: 0, ms: 0 })

const OTHER = 'another horse altogether'

/** Stores a weaker hash of the same password, as from another system. */
function storeWeaker(id: number) {
  const input = { m: 64, t: 1, p: 1, salt: crypto.getRandomValues(new Uint8Array(16)) }
  const password = new TextEncoder().encode(PASSWORD)
  const phc = formatPhc({ ...input, tag: argon2id({ ...input, password, tagLength: 32 }) })
  return setPasswordHash(id, phc)
}

/** Asks a Worker before whose second trip something happens. */
const askWhile = (act: () => Promise<unknown>) => workerWith({ DB: interrupted(2, act) })

/** The first trip of a sign-in, with the account as it was read then. */
async function begin(key: string) {
  const login = { kind: 'address', key, loginHmac: `test:${key}`, withSecret: false } as const
  const begun = await reserveSignIn(open(), login, new Date(), null)
  if (begun.kind !== 'counted') throw new Error('must wait')
  return { ...begun.attempt, account: begun.attempt.account as Account }
}

/** The second, and whether the session is there. */
async function finish(attempt: Awaited<ReturnType<typeof begin>>) {
  const id = randomId()
  const expiresAt = new Date(Date.now() + 60_000)
  const where = { clientId: 'test', scope: [], userAgent: null, location: null }
  const authentication = { methods: ['pwd'], amr: ['pwd'], now: new Date(), expiresAt } as const
  const none = { proof: null, pending: null, replaces: null, rehashed: null }
  const { hasStarted } = await insertStarted(
    open(),
    { ...attempt, ...none },
    { id, ...where, ...authentication },
  )
  const row = await env.DB.prepare('select 1 from sessions where id = ?').bind(id).first()
  expect(row !== null).toBe(hasStarted)
  return hasStarted
}

describe('between the two trips of a sign-in', () => {
  it('nothing happens: the session starts', async () => {
    const ann = await person()
    expect(await finish(await begin(ann.email))).toBe(true)
  })

  it.each<[string, (ann: { id: number; token: string }) => Promise<unknown>]>([
    [
      'the password changes',
      ({ token }) =>
        call('PUT', '/api/users/me/password', {
          token,
          json: { current_password: PASSWORD, new_password: `${PASSWORD} 2` },
        }),
    ],
    ['the same password is hashed again', ({ id }) => setPasswordHash(id, hashPassword(PASSWORD))],
    ['a second factor is set up', ({ id }) => giveTotp(id)],
    ['the account is disabled', ({ id }) => disable(id)],
    [
      'the account is deleted',
      ({ token }) =>
        call('POST', '/api/users/me/deletion', { token, json: { password: PASSWORD } }),
    ],
  ])('%s: no session starts, and the attempt stays a failed one', async (_, act) => {
    const ann = await person()
    const attempt = await begin(ann.email)
    await act(ann)
    expect(await finish(attempt)).toBe(false)
    const event = await env.DB.prepare('select type from events where id = ?')
      .bind(attempt.eventId)
      .first<{ type: string }>()
    expect(event?.type ?? 'login_failed').toBe('login_failed')
  })
})

describe('between the two trips of the first sign-in with a weaker hash', () => {
  /** A sign-in, and what happens before its second trip. */
  const signInWhile = (login: string, act: () => Promise<unknown>) =>
    askWhile(act)('POST', '/api/session', { json: { login, password: PASSWORD } })

  it('another one stores the stronger hash: 503, a retry works, and no failure is recorded', async () => {
    const ann = await person()
    await storeWeaker(ann.id)
    const response = await signInWhile(ann.username, () => signIn(ann.email))
    expect([response.status, trips(response)]).toEqual([503, 2])
    await signIn(ann.username)
    expect(await eventsOf(ann.id)).toEqual(['registered', 'login', 'login', 'login'])
  })

  it('the password changes: 503, and a retry fails', async () => {
    const ann = await person()
    await storeWeaker(ann.id)
    const response = await signInWhile(ann.username, () =>
      setPasswordHash(ann.id, hashPassword(OTHER)),
    )
    expect(response.status).toBe(503)
    await expect(signIn(ann.username)).rejects.toThrow('401')
    expect(await eventsOf(ann.id)).toEqual(['registered', 'login', 'login_failed'])
  })
})

describe('between the two trips of a sign-in by link', () => {
  it.each<[string, (id: number) => Promise<unknown>]>([
    ['the password changes', (id) => setPasswordHash(id, hashPassword(OTHER))],
    ['a second factor is set up', giveTotp],
    ['the account is disabled', (id) => disable(id)],
    [
      'the account is deleted',
      (id) => env.DB.prepare('delete from users where id = ?').bind(id).run(),
    ],
  ])('%s: no session starts, and the link is used up', async (_, act) => {
    const ann = await proven()
    const { token, cookie } = await mailedLink(ann.email)
    const sessions = () =>
      env.DB.prepare("select count(*) as n from sessions where user_id = ? and amr like '%email%'")
        .bind(ann.id)
        .first('n')
    const ask = askWhile(() => act(ann.id))
    for (const response of [
      await clickLink(token, cookie, undefined, ask),
      await clickLink(token, cookie),
    ])
      expect([response.status, await sessions()]).toEqual([400, 0])
  })

  it('the link is used a second time: one session starts', async () => {
    const ann = await proven()
    const { token, cookie } = await mailedLink(ann.email)
    const statuses: number[] = []
    const again = async () => statuses.push((await clickLink(token, cookie)).status)
    statuses.push((await clickLink(token, cookie, undefined, askWhile(again))).status)
    expect(statuses).toEqual([400, 200])
  })
})

describe('between the two trips of an act that requires the password', () => {
  it('nothing happens: its event stands, also when the hash was a weaker one', async () => {
    for (const prepare of [storeWeaker, async () => undefined]) {
      const { id, token } = await person()
      await prepare(id)
      const want = { email: `${crypto.randomUUID()}@example.org`, password: PASSWORD }
      expect((await call('PUT', '/api/users/me/email', { token, json: want })).status).toBe(202)
      const json = { current_password: PASSWORD, new_password: OTHER }
      expect((await call('PUT', '/api/users/me/password', { token, json })).status).toBe(204)
      expect((await eventsOf(id)).slice(2)).toEqual(['email_change_requested', 'password_changed'])
    }
  })

  it.each<[string, string, object]>([
    ['PUT', '/api/users/me/password', { current_password: PASSWORD, new_password: 'a new horse' }],
    ['PUT', '/api/users/me/email', { email: 'nobody.yet@example.org', password: PASSWORD }],
    ['POST', '/api/users/me/deletion', { password: PASSWORD }],
  ])(
    '%s %s: the password changes: refused; a weaker hash is renewed, or gone: asked to try again, and then refused',
    async (method, path, json) => {
      const bob = await person('bob')
      const refused = await askWhile(() => setPasswordHash(bob.id, hashPassword(OTHER)))(
        method,
        path,
        {
          token: bob.token,
          json,
        },
      )
      expect(refused.status).toBe(403)
      expect(await eventsOf(bob.id)).toEqual(['registered', 'login', 'password_rejected'])

      const ann = await person()
      await storeWeaker(ann.id)
      const outrun = await askWhile(() => signIn(ann.email))(method, path, {
        token: ann.token,
        json,
      })
      expect(outrun.status).toBe(503)
      const acts = async () => (await eventsOf(ann.id)).filter((type) => type !== 'login')
      expect(await acts()).toEqual(['registered'])
      await storeWeaker(ann.id)
      const changed = await askWhile(() => setPasswordHash(ann.id, hashPassword(OTHER)))(
        method,
        path,
        {
          token: ann.token,
          json,
        },
      )
      expect(changed.status).toBe(503)
      expect(await acts()).toEqual(['registered'])
      const later = await call(method, path, { token: ann.token, json })
      expect(later.status).toBe(403)
      expect(await acts()).toEqual(['registered', 'password_rejected'])
      await expect(signIn(ann.email)).rejects.toThrow('401')
      await signIn(ann.email, OTHER)
    },
  )
})
