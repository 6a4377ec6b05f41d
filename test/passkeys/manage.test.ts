import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips, workerWith } from '../support/client'
import { giveTotp } from '../support/factors'
import { catchMails, nextMail } from '../support/mailbox'
import {
  addPasskey,
  confirmWith,
  listPasskeys,
  passkeyHolder,
  passkeySignIn,
} from '../support/passkeys'
import { expectDead, expectProblem, sessionIdOf } from '../support/sign-in'
import { eventsOf, proven } from '../support/users'

catchMails()

const pathOf = (id: string) => `/api/users/me/passkeys/${id}`
const remove = (id: string, token: string, ask = call) => ask('DELETE', pathOf(id), { token })
const rename = (id: string, token: string, json: unknown) =>
  call('PATCH', pathOf(id), { token, json })
const setUser = (id: number, sql: string) =>
  env.DB.prepare(`update users set ${sql} where id = ?`).bind(id).run()
const countIn = async (table: 'passkeys' | 'recovery_codes', id: number) =>
  (await env.DB.prepare(`select count(*) as n from ${table} where user_id = ?`)
    .bind(id)
    .first<{ n: number }>())!.n
const factorsOf = async (id: number) =>
  (await env.DB.prepare('select factors from users where id = ?')
    .bind(id)
    .first<{ factors: string }>())!.factors
/** An id that no passkey has. */
const UNKNOWN = 'A'.repeat(43)

describe('GET /api/users/me/passkeys', () => {
  it('→ 200 with all passkeys, oldest first, and what the browser needs to hide removed ones', async () => {
    const ann = await passkeyHolder({ synced: true })
    const token = await confirmWith(ann.passkey, ann.token)
    const { passkey: key } = await addPasskey(token)
    const response = await call('GET', '/api/users/me/passkeys', { token })
    expect([response.status, trips(response)]).toEqual([200, 1])
    expect(await response.json()).toEqual({
      passkeys: [
        {
          id: ann.passkey.id,
          name: 'Synced passkey',
          created_at: expect.any(String),
          last_used_at: expect.any(String),
          synced: true,
          transports: ['internal', 'hybrid'],
          rp_id: 'localhost',
          usable: true,
        },
        expect.objectContaining({ id: key.id, last_used_at: null, synced: false }),
      ],
      rp_id: 'localhost',
      user_handle: ann.passkey.userHandle,
      next_cursor: null,
    })
  })

  it('→ 200 with an empty list, and with none of another account', async () => {
    const { token } = await proven()
    await passkeyHolder()
    expect((await listPasskeys(token)).passkeys).toEqual([])
  })

  it('→ 200 and shows passkeys of a former RP ID as unusable', async () => {
    const ann = await passkeyHolder()
    await env.DB.prepare("update passkeys set rp_id = 'old.example' where user_id = ?")
      .bind(ann.id)
      .run()
    expect((await listPasskeys(ann.token)).passkeys).toEqual([
      expect.objectContaining({ rp_id: 'old.example', usable: false }),
    ])
  })
})

describe('PATCH /api/users/me/passkeys/{id}', () => {
  it('→ 200 with the new name, composed and trimmed, in one round trip', async () => {
    const ann = await passkeyHolder()
    const response = await rename(ann.passkey.id, ann.token, { name: ' Cafe\u0301 ' })
    expect([response.status, trips(response)]).toEqual([200, 1])
    expect(await response.json()).toMatchObject({ id: ann.passkey.id, name: 'Café' })
    expect((await listPasskeys(ann.token)).passkeys[0]?.name).toBe('Café')
  })

  it('→ 404 passkey-not-found for an unknown id and for the passkey of another account', async () => {
    const [ann, bob] = [await passkeyHolder(), await passkeyHolder()]
    for (const id of [UNKNOWN, bob.passkey.id]) {
      const response = await rename(id, ann.token, { name: 'mine' })
      await expectProblem(response, 404, 'passkey-not-found')
    }
    expect((await listPasskeys(bob.token)).passkeys[0]?.name).toBe('Device passkey')
  })

  it('→ 422 invalid-request for a name or an id of the wrong shape', async () => {
    const ann = await passkeyHolder()
    for (const json of [
      {},
      { name: '' },
      { name: 5 },
      { name: 'x', more: 1 },
      { name: '\u202e' },
    ]) {
      await expectProblem(await rename(ann.passkey.id, ann.token, json), 422, 'invalid-request')
    }
    for (const id of ['x', 'A'.repeat(1365), `${'A'.repeat(42)}=`]) {
      await expectProblem(await rename(id, ann.token, { name: 'x' }), 422, 'invalid-request')
    }
  })
})

describe('DELETE /api/users/me/passkeys/{id}', () => {
  it('→ 204, ends the other sign-ins, leaves an event and mails the owner, in one round trip', async () => {
    const ann = await passkeyHolder()
    const [token, other] = [await passkeySignIn(ann.passkey), await passkeySignIn(ann.passkey)]
    const response = await remove(ann.passkey.id, token)
    expect([response.status, trips(response)]).toEqual([204, 1])
    await expectDead({ token: other })
    await expectDead({ token: ann.token })
    expect((await listPasskeys(token)).passkeys).toEqual([])
    expect((await eventsOf(ann.id)).at(-1)).toBe('passkey_removed')
    const mail = await nextMail(ann.email, /passkey was removed/)
    expect(mail.text).toMatch(/If this was not you/)
  })

  it('→ 204 and drops the recovery codes with the last second factor alone', async () => {
    const ann = await passkeyHolder()
    await giveTotp(ann.id)
    await setUser(ann.id, "factors = 'totp passkey'")
    const codes = await countIn('recovery_codes', ann.id)
    const token = await passkeySignIn(ann.passkey)
    expect((await remove(ann.passkey.id, token)).status).toBe(204)
    expect(await factorsOf(ann.id)).toBe('totp')
    expect(await countIn('recovery_codes', ann.id)).toBe(codes)

    const bob = await passkeyHolder()
    const bobToken = await passkeySignIn(bob.passkey)
    expect((await remove(bob.passkey.id, bobToken)).status).toBe(204)
    expect([await factorsOf(bob.id), await countIn('recovery_codes', bob.id)]).toEqual(['', 0])
  })

  it('→ 401 step-up-required for an old sign-in, and for a fresh password', async () => {
    const ann = await passkeyHolder()
    await expectProblem(await remove(ann.passkey.id, ann.token), 401, 'step-up-required')
    const token = await passkeySignIn(ann.passkey)
    await env.DB.prepare('update sessions set auth_time = ? where id = ?')
      .bind(Date.now() - 301_000, sessionIdOf(token))
      .run()
    await expectProblem(await remove(ann.passkey.id, token), 401, 'step-up-required')
    const confirmed = await confirmWith(ann.passkey, token)
    expect((await remove(ann.passkey.id, confirmed)).status).toBe(204)
  })

  it('→ 404 passkey-not-found alike for an unknown id and for the passkey of another account', async () => {
    const [ann, bob] = [await passkeyHolder(), await passkeyHolder()]
    const token = await passkeySignIn(ann.passkey)
    const answers: unknown[] = []
    for (const id of [UNKNOWN, bob.passkey.id]) {
      const { request_id: _, ...answer } = (await expectProblem(
        await remove(id, token),
        404,
        'passkey-not-found',
      )) as { request_id?: string }
      answers.push(answer)
    }
    expect(answers[0]).toEqual(answers[1])
    expect(await countIn('passkeys', bob.id)).toBe(1)
    await passkeySignIn(bob.passkey)
    expect(await eventsOf(ann.id)).not.toContain('passkey_removed')
  })

  it('→ 409 last-way-in for the last passkey of an account without a password', async () => {
    const ann = await passkeyHolder()
    const { passkey: second } = await addPasskey(await passkeySignIn(ann.passkey))
    await setUser(ann.id, 'has_password = 0')
    const token = await passkeySignIn(second)
    const other = await passkeySignIn(second)
    expect((await remove(ann.passkey.id, token)).status).toBe(204)
    await expectProblem(await remove(second.id, token), 409, 'last-way-in')
    expect((await call('GET', '/api/users/me', { token })).status).toBe(200)
    await expectDead({ token: other })
    expect((await eventsOf(ann.id)).filter((type) => type === 'passkey_removed')).toHaveLength(1)
    await passkeySignIn(second)
  })

  it('→ 204 once for both passkeys at the same time, without a password', async () => {
    const ann = await passkeyHolder()
    const { passkey: second } = await addPasskey(await passkeySignIn(ann.passkey))
    await setUser(ann.id, 'has_password = 0')
    const token = await passkeySignIn(second)
    const ids = [ann.passkey.id, second.id]
    const answers = await Promise.all(ids.map((id) => remove(id, token)))
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409])
    expect(await countIn('passkeys', ann.id)).toBe(1)
  })

  it('→ 204 without a password if an identity is another way, or the passkey is none', async () => {
    const ann = await passkeyHolder()
    await setUser(ann.id, 'has_password = 0')
    const token = await passkeySignIn(ann.passkey)
    await env.DB.prepare(
      "insert into identities (issuer, subject, provider, user_id, created_at) values ('https://acme.example', ?, 'acme', ?, 0)",
    )
      .bind(String(ann.id), ann.id)
      .run()
    const acme = { client_id: 'our-client', issuer: 'https://acme.example' }
    const withProvider = workerWith({
      PROVIDERS: JSON.stringify({ acme }),
      PROVIDER_ACME_SECRET: 'tests-only-client-secret',
    })
    expect((await remove(ann.passkey.id, token, withProvider)).status).toBe(204)

    const bob = await passkeyHolder()
    await setUser(bob.id, 'has_password = 0')
    const bobToken = await passkeySignIn(bob.passkey)
    await env.DB.prepare("update passkeys set rp_id = 'old.example' where user_id = ?")
      .bind(bob.id)
      .run()
    expect((await remove(bob.passkey.id, bobToken)).status).toBe(204)
  })

  it('→ 409 last-way-in although passkeys of a former RP ID are left', async () => {
    const ann = await passkeyHolder()
    const { passkey: second } = await addPasskey(await passkeySignIn(ann.passkey))
    await setUser(ann.id, 'has_password = 0')
    const token = await passkeySignIn(second)
    await env.DB.prepare("update passkeys set rp_id = 'old.example' where id = ?")
      .bind(ann.passkey.id)
      .run()
    await expectProblem(await remove(second.id, token), 409, 'last-way-in')
  })
})

describe('GET /api/users/me/export', () => {
  it('→ 200 with the passkeys of the account', async () => {
    const ann = await passkeyHolder()
    const file = await call('GET', '/api/users/me/export', { token: ann.token })
    expect(await file.json()).toMatchObject({
      passkeys: [
        { id: ann.passkey.id, name: 'Device passkey', rp_id: 'localhost', last_used_at: null },
      ],
    })
  })
})
