import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CHALLENGE_MS, issueChallenge } from '../../src/security/challenge'
import { openKeyring } from '../../src/security/keyring'
import { hashesComputed } from '../../src/security/password'
import { readSettings } from '../../src/settings'
import type { AssertionOptions, SoftwarePasskey } from '../support/authenticator'
import { failingTrip, interrupted } from '../support/broken-database'
import { call, trips, workerWith } from '../support/client'
import { giveTotp } from '../support/factors'
import { catchMails, mailsTo, nextMail } from '../support/mailbox'
import {
  addPasskey,
  assertionOf,
  type BrowserSession,
  body,
  confirmWith,
  creationOptions,
  type PasskeyHolder,
  passkeyHolder,
  passkeySignIn,
  sendAssertion,
  softwarePasskey,
} from '../support/passkeys'
import {
  browserSignIn,
  claimsOf,
  cookieOf,
  expectDead,
  expectProblem,
  me,
} from '../support/sign-in'
import { eventsOf, proven, sessionsOf } from '../support/users'

catchMails()
afterEach(() => void vi.restoreAllMocks())

const stored = async (id: string) =>
  (await env.DB.prepare('select counter, backed_up, last_used_at from passkeys where id = ?')
    .bind(id)
    .first<{ counter: number; backed_up: number; last_used_at: number | null }>())!
const setUser = (id: number, sql: string) =>
  env.DB.prepare(`update users set ${sql} where id = ?`).bind(id).run()
const expectRejected = (response: Response) => expectProblem(response, 401, 'passkey-rejected')

describe('POST /api/session/passkey', () => {
  it.each([-8, -7, -257] as const)(
    '→ 200 with algorithm %i, in two round trips and without a hash',
    async (algorithm) => {
      const ann = await passkeyHolder({ algorithm })
      const before = hashesComputed()
      const response = await sendAssertion(await assertionOf(ann.passkey))
      expect([response.status, trips(response), hashesComputed()]).toEqual([200, 2, before])
      const session = await response.json<BrowserSession>()
      expect(session).toMatchObject({ user: { id: ann.id }, scope: 'posts:write account' })
      expect(cookieOf(response)).toMatch(/^__Host-gatepost=/)
      expect((await me(session.access_token)).status).toBe(200)
      expect((await eventsOf(ann.id)).at(-1)).toBe('login')
    },
  )

  it.each([
    [false, 'hwk'],
    [true, 'swk'],
  ])('→ 200 with the highest level, synced: %s', async (synced, method) => {
    const { passkey } = await passkeyHolder({ synced })
    const token = await passkeySignIn(passkey)
    expect(claimsOf(token)).toMatchObject({ amr: [method, 'user', 'mfa'], acr: 'phr' })
    // It is fresh, and strong enough to add another passkey.
    await creationOptions(token)
  })

  it('→ 200 and asks for no second factor, although the account has an authenticator app', async () => {
    const { id, passkey } = await passkeyHolder()
    await giveTotp(id)
    await setUser(id, "factors = 'totp passkey'")
    await passkeySignIn(passkey)
  })

  it('→ 200 while the login must wait for wrong passwords, which stay counted', async () => {
    const { email, passkey } = await passkeyHolder()
    const guess = () => call('POST', '/api/session', { json: { login: email, password: 'wrong' } })
    for (let n = 0; n < 5; n++) expect((await guess()).status).toBe(401)
    expect((await guess()).status).toBe(429)
    await passkeySignIn(passkey)
    expect((await guess()).status).toBe(429)
  })

  it('→ 200 and ends the session of the cookie', async () => {
    const { email, passkey } = await passkeyHolder()
    await env.DB.prepare("update users set factors = '' where email = ?").bind(email).run()
    const former = await browserSignIn(email)
    await env.DB.prepare("update users set factors = 'passkey' where email = ?").bind(email).run()
    await passkeySignIn(passkey, { cookie: former.cookie })
    await expectDead({ token: former.token })
  })

  it('→ 200 and stores counter, backup state and time of use', async () => {
    const ann = await passkeyHolder()
    expect(await stored(ann.passkey.id)).toEqual({ counter: 0, backed_up: 0, last_used_at: null })
    await passkeySignIn(ann.passkey)
    const used = await stored(ann.passkey.id)
    expect([used.counter, used.last_used_at! > Date.now() - 60_000]).toEqual([1, true])
    const synced = await passkeyHolder({ synced: true })
    for (const backedUp of [false, true]) {
      await sendAssertion(await assertionOf(synced.passkey, { backedUp }))
      expect(await stored(synced.passkey.id)).toMatchObject({ counter: 0, backed_up: +backedUp })
    }
  })

  it('→ 200 for a synced passkey whose counter stays at zero', async () => {
    const { passkey } = await passkeyHolder({ synced: true })
    for (let round = 0; round < 3; round++) await passkeySignIn(passkey)
  })

  it('→ 401 passkey-unknown for an id that no account has, in one round trip', async () => {
    const passkey = await softwarePasskey()
    const response = await sendAssertion(await assertionOf(passkey, { userHandle: 'A'.repeat(22) }))
    expect(trips(response)).toBe(1)
    await expectProblem(response, 401, 'passkey-unknown')
  })

  it('→ 401 passkey-unknown for the passkeys of a deleted account', async () => {
    const { id, token, password, passkey } = await passkeyHolder()
    const deletion = await call('POST', '/api/users/me/deletion', { token, json: { password } })
    expect([deletion.status, await sessionsOf(id)]).toEqual([204, 0])
    await expectProblem(await sendAssertion(await assertionOf(passkey)), 401, 'passkey-unknown')
  })

  it('→ 401 passkey-rejected, not unknown, for a disabled account', async () => {
    const { id, passkey } = await passkeyHolder()
    await setUser(id, 'is_active = 0')
    const response = await sendAssertion(await assertionOf(passkey))
    expect(trips(response)).toBe(1)
    await expectRejected(response)
    await setUser(id, 'is_active = 1')
    await passkeySignIn(passkey)
  })

  it('→ 401 passkey-rejected for each broken rule, without a session', async () => {
    const ann = await passkeyHolder()
    const before = await sessionsOf(ann.id)
    const broken: Partial<AssertionOptions>[] = [
      { origin: 'https://evil.example' },
      { origin: 'http://localhost:8788' },
      { origin: 'http://localhost:8787/' },
      { crossOrigin: true },
      { topOrigin: 'https://evil.example' },
      { rpId: 'evil.example' },
      { type: 'webauthn.create' },
      { userPresent: false },
      { userVerified: false },
      { userHandle: null },
      { userHandle: '' },
      { userHandle: 'A'.repeat(22) },
      { rawId: 'A'.repeat(43) },
      { backupEligible: true },
      { backupEligible: true, backedUp: true },
      { backedUp: true },
      { editSignature: (bytes) => bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) },
      { editSignature: (bytes) => bytes.slice(0, -1) },
      { editAuthenticatorData: (bytes) => new Uint8Array([...bytes, 0]) },
      { clientData: { challenge: undefined } },
      { clientData: { tokenBinding: { status: 'present', id: 'AA' } } },
    ]
    for (const options of broken) {
      const response = await sendAssertion(await assertionOf(ann.passkey, options))
      expect(trips(response), JSON.stringify(options)).toBeLessThanOrEqual(1)
      const { detail } = await expectRejected(response)
      expect(detail).not.toMatch(/origin|counter|handle|signature/)
    }
    expect(await sessionsOf(ann.id)).toBe(before)
    await passkeySignIn(ann.passkey)
  })

  it('→ 401 passkey-rejected for the passkey of another account under this id', async () => {
    const [ann, bob] = [await passkeyHolder(), await passkeyHolder()]
    const answer = await assertionOf(bob.passkey)
    await expectRejected(
      await sendAssertion({ ...answer, id: ann.passkey.id, rawId: ann.passkey.id }),
    )
    const handle = ann.passkey.userHandle
    await expectRejected(
      await sendAssertion(await assertionOf(bob.passkey, { userHandle: handle })),
    )
  })

  it('→ 401 passkey-rejected for a challenge that is used, expired, or of another purpose', async () => {
    const ann = await passkeyHolder()
    const used = await assertionOf(ann.passkey)
    expect((await sendAssertion(used)).status).toBe(200)
    expect((await expectRejected(await sendAssertion(used))).detail).toMatch(
      /Try again|Start again/,
    )

    const keys = await openKeyring(readSettings(env))
    const sid = claimsOf(ann.token).sid
    const { challenge: registering } = await creationOptions(await passkeySignIn(ann.passkey))
    const challenges = {
      expired: await issueChallenge(keys, 'sign-in', new Date(Date.now() - CHALLENGE_MS)),
      registering,
      confirming: await issueChallenge(keys, `confirm:${sid}`, new Date()),
      invented: 'A'.repeat(72),
      empty: '',
    }
    for (const [of, challenge] of Object.entries(challenges)) {
      const response = await sendAssertion(await ann.passkey.assert({ challenge }))
      expect(trips(response), of).toBe(0)
      expect((await expectRejected(response)).detail).toMatch(/Start again/)
    }
  })

  it('→ 200 once for eight parallel uses of one assertion, with or without a counter', async () => {
    for (const synced of [true, false]) {
      const ann = await passkeyHolder({ synced })
      const before = await sessionsOf(ann.id)
      const answer = await assertionOf(ann.passkey)
      const answers = await Promise.all(Array.from({ length: 8 }, () => sendAssertion(answer)))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(401)])
      expect(await sessionsOf(ann.id)).toBe(before + 1)
      // Seven replays of a used assertion are no copied passkey.
      expect(await eventsOf(ann.id)).not.toContain('passkey_counter_fell')
    }
  })

  it('→ 200 once for two parallel assertions with the same counter', async () => {
    const ann = await passkeyHolder()
    const answers = [
      await assertionOf(ann.passkey, { counter: 5 }),
      await assertionOf(ann.passkey, { counter: 5 }),
    ]
    const responses = await Promise.all(answers.map((answer) => sendAssertion(answer)))
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 401])
  })

  it('→ 401 passkey-rejected after the passkey was removed', async () => {
    const ann = await passkeyHolder()
    const token = await passkeySignIn(ann.passkey)
    const path = `/api/users/me/passkeys/${ann.passkey.id}`
    const answer = await assertionOf(ann.passkey)
    expect((await call('DELETE', path, { token })).status).toBe(204)
    await expectProblem(await sendAssertion(answer), 401, 'passkey-unknown')
  })

  it('→ 403 cross-site from another site, 429 above the limit of sign-ins', async () => {
    const { passkey } = await passkeyHolder()
    const answer = await assertionOf(passkey)
    const headers = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
    await expectProblem(await sendAssertion(answer, { headers }), 403, 'cross-site')
    const limited = { headers: { 'CF-Connecting-IP': '198.51.100.78' } }
    for (let sent = 0; sent <= 121; sent++) {
      const response = await sendAssertion(answer, limited)
      if (response.status === 429) {
        expect(trips(response)).toBe(0)
        return
      }
    }
    expect.fail('121 requests of one client passed')
  })

  it('→ 200 from a page of ALLOWED_ORIGINS', async () => {
    const ann = await passkeyHolder()
    const origin = 'http://localhost:5173'
    const ask = workerWith({ ALLOWED_ORIGINS: origin })
    const answer = await assertionOf(ann.passkey, { origin }, ask)
    await expectRejected(await sendAssertion(answer))
    expect((await sendAssertion(answer, { headers: { Origin: origin } }, ask)).status).toBe(200)
  })

  it('→ 401 passkey-rejected for a passkey of another RP ID', async () => {
    const ann = await passkeyHolder()
    const settings = { APP_ORIGIN: 'https://app.example.com', PASSKEY_RP_ID: 'example.com' }
    const ask = workerWith(settings)
    for (const rpId of ['localhost', 'example.com', 'app.example.com']) {
      const options = { origin: settings.APP_ORIGIN, rpId }
      const answer = await assertionOf(ann.passkey, options, ask)
      // The key works for both, but the passkey was registered for one.
      await expectRejected(await sendAssertion(answer, {}, ask))
    }
  })
})

describe('a signature counter that fell', () => {
  async function withCounter(): Promise<PasskeyHolder> {
    const ann = await passkeyHolder()
    await body(await sendAssertion(await assertionOf(ann.passkey, { counter: 10 })))
    return ann
  }

  it.each([10, 9, 0])(
    'POST /api/session/passkey → 401 with %i after 10, an event and a mail',
    async (counter) => {
      const ann = await withCounter()
      const response = await sendAssertion(await assertionOf(ann.passkey, { counter }))
      expect(trips(response)).toBe(2)
      await expectRejected(response)
      expect((await eventsOf(ann.id)).at(-1)).toBe('passkey_counter_fell')
      const mail = await nextMail(ann.email, /passkeys was refused/)
      expect(mail.text).toMatch(/still registered/)
      expect(await stored(ann.passkey.id)).toMatchObject({ counter: 10 })
      await body(await sendAssertion(await assertionOf(ann.passkey, { counter: 11 })))
    },
  )

  it('POST /api/session/passkey → 401 without an event for a replay or a wrong signature', async () => {
    const ann = await passkeyHolder()
    const first = await assertionOf(ann.passkey, { counter: 3 })
    await body(await sendAssertion(first))
    await body(await sendAssertion(await assertionOf(ann.passkey, { counter: 4 })))
    for (let round = 0; round < 3; round++) await expectRejected(await sendAssertion(first))
    const forged = await assertionOf(ann.passkey, {
      counter: 1,
      editSignature: (bytes) => bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
    })
    await expectRejected(await sendAssertion(forged))
    expect(await eventsOf(ann.id)).not.toContain('passkey_counter_fell')
    expect(mailsTo(ann.email).map(({ subject }) => subject)).not.toContain(
      'A sign-in with one of your passkeys was refused',
    )
  })
})

describe('between the two trips of a sign-in with a passkey', () => {
  const during: [string, (ann: PasskeyHolder) => Promise<unknown>][] = [
    ['the account is disabled', ({ id }) => setUser(id, 'is_active = 0')],
    [
      'the passkey is removed',
      ({ passkey }) => env.DB.prepare('delete from passkeys where id = ?').bind(passkey.id).run(),
    ],
    [
      'the passkey is used elsewhere',
      ({ passkey }) =>
        env.DB.prepare('update passkeys set counter = 9 where id = ?').bind(passkey.id).run(),
    ],
    ['the factors change', ({ id }) => setUser(id, "factors = 'totp passkey'")],
  ]
  it.each(during)('%s: no session starts', async (_, act) => {
    const ann = await passkeyHolder()
    const answer = await assertionOf(ann.passkey)
    const ask = workerWith({ DB: interrupted(2, () => act(ann)) })
    const before = await sessionsOf(ann.id)
    await expectRejected(await sendAssertion(answer, {}, ask))
    expect(await sessionsOf(ann.id)).toBe(before)
  })

  it('D1 fails: 503, and the same assertion works afterwards', async () => {
    const ann = await passkeyHolder()
    const answer = await assertionOf(ann.passkey)
    for (const trip of [1, 2]) {
      const response = await sendAssertion(answer, {}, workerWith({ DB: failingTrip(trip) }))
      await expectProblem(response, 503, 'unavailable')
    }
    await body(await sendAssertion(answer))
  })
})

describe('the log', () => {
  it('names the rule that a rejected passkey broke, and no id of the passkey', async () => {
    const ann = await passkeyHolder()
    const lines: string[] = []
    vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)))
    await sendAssertion(await assertionOf(ann.passkey, { origin: 'https://evil.example' }))
    const security = lines.filter((line) => line.includes('"security"'))
    expect(security.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        type: 'passkey_rejected',
        reason: 'wrong-origin',
        user_id: ann.id,
      }),
    ])
    expect(lines.join()).not.toContain(ann.passkey.id)
  })

  it('names every event that the account keeps, and nothing secret', async () => {
    const ann = await proven()
    const first = await lastEventOf(ann.id)
    const lines: string[] = []
    for (const level of ['log', 'error'] as const)
      vi.spyOn(console, level).mockImplementation((line) => void lines.push(String(line)))
    const { passkey, added } = await addPasskey(ann.token)
    await sendAssertion(await assertionOf(passkey, { counter: 5 }))
    const lost = await assertionOf(passkey, { counter: 5 })
    await expectRejected(await sendAssertion(lost))
    const token = await confirmWith(passkey, await passkeySignInAt(passkey, 7))
    expect((await call('DELETE', `/api/users/me/passkeys/${passkey.id}`, { token })).status).toBe(
      204,
    )
    const entries = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
    const logged = entries
      .filter(({ event, type }) => event === 'security' && type !== 'passkey_rejected')
      .map(({ type }) => type)
    const { results } = await env.DB.prepare('select type from events where user_id = ? and id > ?')
      .bind(ann.id, first)
      .all<{ type: string }>()
    expect(logged.sort()).toEqual(results.map(({ type }) => type).sort())
    expect(logged).toEqual(expect.arrayContaining(['passkey_added', 'passkey_counter_fell']))
    const secrets = [
      passkey.id,
      passkey.userHandle,
      lost.response.signature,
      added.recovery_codes?.[0],
    ]
    for (const secret of secrets)
      expect(entries.map((e) => JSON.stringify(e)).join()).not.toContain(secret)
  })
})

const lastEventOf = async (id: number) =>
  (await env.DB.prepare('select max(id) as id from events where user_id = ?')
    .bind(id)
    .first<{ id: number }>())!.id

async function passkeySignInAt(passkey: SoftwarePasskey, counter: number) {
  passkey.counter = counter
  return passkeySignIn(passkey)
}
