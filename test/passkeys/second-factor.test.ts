import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { issueChallenge } from '../../src/security/challenge'
import { openKeyring } from '../../src/security/keyring'
import { readSettings } from '../../src/settings'
import { type Call, call, trips } from '../support/client'
import { giveTotp } from '../support/factors'
import { catchMails, nextMail } from '../support/mailbox'
import {
  addPasskey,
  assertionOf,
  type BrowserSession,
  body,
  confirmationOptions,
  confirmWith,
  type PasskeyHolder,
  passkeyHolder,
  passkeySignIn,
  sendAssertion,
  signInChallenge,
  softwarePasskey,
} from '../support/passkeys'
import { claimsOf, expectProblem, me } from '../support/sign-in'
import { eventsOf, PASSWORD, proven, sessionsOf } from '../support/users'

catchMails()

/** The first step of a sign-in: the password of an account with a passkey. */
async function firstStep(login: string) {
  const response = await call('POST', '/api/session', { json: { login, password: PASSWORD } })
  expect(response.status).toBe(401)
  return response.json<{ type: string; pending_token: string; methods: string[] }>()
}
const secondStep = (pending_token: string, credential: unknown, more: Call = {}) =>
  call('POST', '/api/session/factor', { json: { pending_token, credential }, ...more })
const confirm = (token: string, json: unknown) =>
  call('POST', '/api/session/confirm', { token, json })

describe('POST /api/session of an account with a passkey', () => {
  it('→ 401 second-factor-required that offers the passkey', async () => {
    const ann = await passkeyHolder()
    const pending = await firstStep(ann.email)
    expect(pending).toMatchObject({
      type: '/problems/second-factor-required',
      methods: ['passkey', 'recovery'],
    })
    // A pending sign-in is no session: it adds no passkey.
    const token = pending.pending_token
    for (const path of ['/api/users/me/passkeys/options', '/api/session/confirm/options'])
      await expectProblem(await call('POST', path, { token }), 401, 'invalid-access-token')
  })
})

describe('POST /api/session/factor with a passkey', () => {
  it('→ 200 in two round trips, with the level of a passkey', async () => {
    const ann = await passkeyHolder()
    const { pending_token } = await firstStep(ann.email)
    const response = await secondStep(pending_token, await assertionOf(ann.passkey))
    expect(trips(response)).toBe(2)
    const { access_token } = await body<BrowserSession>(response)
    expect(claimsOf(access_token)).toMatchObject({ amr: ['pwd', 'hwk', 'user', 'mfa'], acr: 'phr' })
    expect((await me(access_token)).status).toBe(200)
  })

  it('→ 200 without a user handle, because the password named the user', async () => {
    const ann = await passkeyHolder()
    const { pending_token } = await firstStep(ann.email)
    const answer = await assertionOf(ann.passkey, { userHandle: null })
    expect((await secondStep(pending_token, answer)).status).toBe(200)
  })

  it('→ 401 passkey-rejected for the passkey of another account, known or unknown', async () => {
    const [ann, bob] = [await passkeyHolder(), await passkeyHolder()]
    const before = await sessionsOf(bob.id)
    const { pending_token } = await firstStep(ann.email)
    for (const passkey of [bob.passkey, await softwarePasskey()]) {
      const response = await secondStep(
        pending_token,
        await assertionOf(passkey, { userHandle: ann.passkey.userHandle }),
      )
      expect(trips(response)).toBe(1)
      await expectProblem(response, 401, 'passkey-rejected')
    }
    expect(await sessionsOf(bob.id)).toBe(before)
    expect((await secondStep(pending_token, await assertionOf(ann.passkey))).status).toBe(200)
  })

  it('→ 401 passkey-rejected for a broken rule, which is not counted as a wrong code', async () => {
    const ann = await passkeyHolder()
    const { pending_token } = await firstStep(ann.email)
    for (let round = 0; round < 6; round++) {
      const answer = await assertionOf(ann.passkey, { userVerified: false })
      await expectProblem(await secondStep(pending_token, answer), 401, 'passkey-rejected')
    }
    expect((await secondStep(pending_token, await assertionOf(ann.passkey))).status).toBe(200)
    expect(await eventsOf(ann.id)).not.toContain('second_factor_failed')
  })

  it('→ 200 once for one assertion, at whatever endpoint it was used first', async () => {
    const ann = await passkeyHolder()
    const used = await assertionOf(ann.passkey)
    expect((await sendAssertion(used)).status).toBe(200)
    const { pending_token } = await firstStep(ann.email)
    const refused = await secondStep(pending_token, used)
    expect(refused.status).toBe(401)
    const answer = await assertionOf(ann.passkey)
    expect((await secondStep(pending_token, answer)).status).toBe(200)
    await expectProblem(await sendAssertion(answer), 401, 'passkey-rejected')
    const again = await secondStep(pending_token, await assertionOf(ann.passkey))
    await expectProblem(again, 401, 'pending-ended')
  })

  it('→ 200 once for eight parallel uses of one pending sign-in', async () => {
    const ann = await passkeyHolder({ synced: true })
    const before = await sessionsOf(ann.id)
    const { pending_token } = await firstStep(ann.email)
    const answers = await Promise.all(Array.from({ length: 8 }, () => assertionOf(ann.passkey)))
    const responses = await Promise.all(answers.map((answer) => secondStep(pending_token, answer)))
    expect(responses.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(401)])
    expect(await sessionsOf(ann.id)).toBe(before + 1)
  })

  it('→ 401 pending-ended, before the passkey is looked at, for a pending token that does not work', async () => {
    const ann = await passkeyHolder()
    const response = await secondStep('x', await assertionOf(ann.passkey))
    expect(trips(response)).toBe(0)
    await expectProblem(response, 401, 'pending-ended')
  })

  it('→ 401 for a fallen counter, with an event', async () => {
    const ann = await passkeyHolder()
    await body(await sendAssertion(await assertionOf(ann.passkey, { counter: 7 })))
    const { pending_token } = await firstStep(ann.email)
    const response = await secondStep(pending_token, await assertionOf(ann.passkey, { counter: 7 }))
    expect(trips(response)).toBe(2)
    await expectProblem(response, 401, 'passkey-rejected')
    expect((await eventsOf(ann.id)).at(-1)).toBe('passkey_counter_fell')
  })

  it('→ 422 invalid-request that names the member', async () => {
    const { passkey } = await passkeyHolder()
    const credential = await assertionOf(passkey)
    const bad: [string, object][] = [
      ['#', {}],
      ['#', { pending_token: 'x' }],
      ['#', { pending_token: 'x', code: '123456', credential }],
      ['#/code', { pending_token: 'x', code: 'no code' }],
      ['#/pending_token', { pending_token: 5, credential }],
      ['#/credential', { pending_token: 'x', credential: null }],
      [
        '#/credential/rawId',
        { pending_token: 'x', credential: { ...credential, rawId: undefined } },
      ],
      [
        '#/credential/response/signature',
        {
          pending_token: 'x',
          credential: { ...credential, response: { ...credential.response, signature: '=' } },
        },
      ],
    ]
    for (const [pointer, json] of bad) {
      const response = await call('POST', '/api/session/factor', { json })
      const { errors } = await expectProblem(response, 422, 'invalid-request')
      expect(
        errors?.map((error) => error.pointer),
        JSON.stringify(json),
      ).toEqual([pointer])
    }
  })
})

describe('POST /api/session/confirm/options', () => {
  it('→ 200 with the passkeys of the caller that work, in one round trip', async () => {
    const ann = await passkeyHolder()
    const { passkey: old } = await addPasskey(await passkeySignIn(ann.passkey))
    const token = await passkeySignIn(ann.passkey)
    await env.DB.prepare("update passkeys set rp_id = 'old.example' where id = ?")
      .bind(old.id)
      .run()
    await passkeyHolder()
    const response = await call('POST', '/api/session/confirm/options', { token })
    expect(trips(response)).toBe(1)
    expect(await body(response)).toEqual({
      challenge: expect.stringMatching(/^[\w-]{72}$/),
      timeout: 300_000,
      rpId: 'localhost',
      allowCredentials: [
        { type: 'public-key', id: ann.passkey.id, transports: ['internal', 'hybrid'] },
      ],
      userVerification: 'required',
    })
  })
})

describe('POST /api/session/confirm with a passkey', () => {
  it('→ 200 and makes the same session fresh and strong, without a new one', async () => {
    const ann = await passkeyHolder()
    const before = await sessionsOf(ann.id)
    const claims = claimsOf(ann.token)
    expect(claims.acr).toBe('1fa')
    const token = await confirmWith(ann.passkey, ann.token)
    expect(claimsOf(token)).toMatchObject({
      sid: claims.sid,
      amr: ['hwk', 'user', 'mfa'],
      acr: 'phr',
    })
    expect(await sessionsOf(ann.id)).toBe(before)
    expect((await eventsOf(ann.id)).at(-1)).toBe('confirmed')
    // The old access token belongs to the same session, so it is as strong now.
    const options = await call('POST', '/api/users/me/passkeys/options', { token: ann.token })
    expect(options.status).toBe(200)
  })

  it('→ 401 passkey-rejected for a challenge of signing in, of another session, or used before', async () => {
    const ann = await passkeyHolder()
    const other = await passkeySignIn(ann.passkey)
    const keys = await openKeyring(readSettings(env))
    const { challenge } = await confirmationOptions(ann.token)
    const answer = await ann.passkey.assert({ challenge })
    expect((await confirm(ann.token, { credential: answer })).status).toBe(200)
    const bad = {
      used: answer,
      'of signing in': await ann.passkey.assert({ challenge: await signInChallenge() }),
      'of another session': await ann.passkey.assert(await confirmationOptions(other)),
      expired: await ann.passkey.assert({
        challenge: await issueChallenge(keys, `confirm:${claimsOf(ann.token).sid}`, new Date(0)),
      }),
    }
    for (const [what, credential] of Object.entries(bad)) {
      const response = await confirm(ann.token, { credential })
      expect([401, what]).toEqual([response.status, what])
      await expectProblem(response, 401, 'passkey-rejected')
      expect(response.headers.get('WWW-Authenticate')).toContain(
        'error="insufficient_user_authentication"',
      )
    }
  })

  it('→ 401 passkey-rejected for the passkey of another account', async () => {
    const [ann, bob] = [await passkeyHolder(), await passkeyHolder()]
    const { challenge } = await confirmationOptions(ann.token)
    const credential = await bob.passkey.assert({ challenge, userHandle: ann.passkey.userHandle })
    await expectProblem(await confirm(ann.token, { credential }), 401, 'passkey-rejected')
  })

  it('→ 401 passkey-rejected for a fallen counter, with an event and a mail', async () => {
    const ann = await passkeyHolder()
    await body(await sendAssertion(await assertionOf(ann.passkey, { counter: 7 })))
    const { challenge } = await confirmationOptions(ann.token)
    const credential = await ann.passkey.assert({ challenge, counter: 3 })
    const response = await confirm(ann.token, { credential })
    expect(trips(response)).toBe(2)
    await expectProblem(response, 401, 'passkey-rejected')
    expect((await eventsOf(ann.id)).at(-1)).toBe('passkey_counter_fell')
    await nextMail(ann.email, /passkeys was refused/)
  })

  it('→ 422 invalid-request unless exactly one way is given', async () => {
    const { token, passkey } = await passkeyHolder()
    const credential = await passkey.assert({ challenge: await signInChallenge() })
    for (const json of [{}, { password: 'x', credential }, { code: '123456', credential }]) {
      const { errors } = await expectProblem(await confirm(token, json), 422, 'invalid-request')
      expect(errors).toEqual([
        { pointer: '#', detail: 'must have one of password, code and credential' },
      ])
    }
  })
})

describe('DELETE /api/users/me/passkeys/{id} of an account with an authenticator app', () => {
  it('→ 204 after a confirmation with either factor', async () => {
    const strong = async (holder: PasskeyHolder) => confirmWith(holder.passkey, holder.token)
    const ann = await passkeyHolder()
    await giveTotp(ann.id)
    const token = await strong(ann)
    const path = `/api/users/me/passkeys/${ann.passkey.id}`
    expect((await call('DELETE', path, { token })).status).toBe(204)
    await expectProblem(await call('DELETE', path, { token }), 404, 'passkey-not-found')
  })

  it('→ 401 step-up-required for a session of a password alone', async () => {
    const { id, token } = await proven()
    await giveTotp(id)
    const path = `/api/users/me/passkeys/${'A'.repeat(43)}`
    await expectProblem(await call('DELETE', path, { token }), 401, 'step-up-required')
  })
})
