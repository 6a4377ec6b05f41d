import { env } from 'cloudflare:workers'
import { base64url } from 'jose'
import { describe, expect, it } from 'vitest'
import { CHALLENGE_MS } from '../../src/security/challenge'
import { importCoseKey } from '../../src/security/webauthn/cose-key'
import { call, ORIGIN, trips, workerWith } from '../support/client'
import { giveTotp } from '../support/factors'
import { catchMails, nextMail } from '../support/mailbox'
import {
  addPasskey,
  body,
  confirmWith,
  creationOptions,
  listPasskeys,
  passkeyHolder,
  RP_ID,
  registrationOf,
  sendRegistration,
  softwarePasskey,
} from '../support/passkeys'
import { expectDead, expectProblem, sessionIdOf } from '../support/sign-in'
import { eventsOf, person, proven, sessionsOf, signIn } from '../support/users'

catchMails()

const OPTIONS = '/api/users/me/passkeys/options'
const setSession = (token: string, column: 'auth_time' | 'amr', value: unknown) =>
  env.DB.prepare(`update sessions set ${column} = ? where id = ?`)
    .bind(value, sessionIdOf(token))
    .run()
const makeOld = (token: string) => setSession(token, 'auth_time', Date.now() - 301_000)
const countOf = async (id: number) =>
  (await env.DB.prepare('select count(*) as n from passkeys where user_id = ?')
    .bind(id)
    .first<{ n: number }>())!.n
const factorsOf = async (id: number) =>
  (await env.DB.prepare('select factors from users where id = ?')
    .bind(id)
    .first<{ factors: string }>())!.factors

describe('POST /api/users/me/passkeys/options', () => {
  it('→ 200 with options that require residence and verification, in one round trip', async () => {
    const ann = await proven()
    const response = await call('POST', OPTIONS, { token: ann.token })
    expect(trips(response)).toBe(1)
    expect(await body(response)).toEqual({
      rp: { id: RP_ID, name: RP_ID },
      user: {
        id: expect.stringMatching(/^[\w-]{22}$/),
        name: ann.username,
        displayName: ann.username,
      },
      challenge: expect.stringMatching(/^[\w-]{72}$/),
      pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
      timeout: CHALLENGE_MS,
      excludeCredentials: [],
      authenticatorSelection: {
        residentKey: 'required',
        requireResidentKey: true,
        userVerification: 'required',
      },
      attestation: 'none',
    })
  })

  it('→ 200 and exclude the passkeys that the account has', async () => {
    const { token, passkey } = await passkeyHolder()
    const fresh = await confirmWith(passkey, token)
    const { excludeCredentials } = await creationOptions(fresh)
    expect(excludeCredentials).toEqual([
      { type: 'public-key', id: passkey.id, transports: ['internal', 'hybrid'] },
    ])
  })

  it('→ 403 email-not-verified before the address is proven', async () => {
    const { token } = await person()
    await expectProblem(await call('POST', OPTIONS, { token }), 403, 'email-not-verified')
  })

  it('→ 401 step-up-required when the authentication is five minutes old', async () => {
    const { token } = await proven()
    await makeOld(token)
    const response = await call('POST', OPTIONS, { token })
    await expectProblem(response, 401, 'step-up-required')
    expect(response.headers.get('WWW-Authenticate')).toBe(
      'Bearer realm="gatepost", error="insufficient_user_authentication", acr_values="mfa phr", max_age="300"',
    )
  })

  it('→ 401 step-up-required for a fresh password of an account with a second factor', async () => {
    const { id, token } = await proven()
    await giveTotp(id)
    await expectProblem(await call('POST', OPTIONS, { token }), 401, 'step-up-required')
  })
})

describe('POST /api/users/me/passkeys', () => {
  it.each([-8, -7, -257] as const)(
    '→ 201 with a key of algorithm %i, in one round trip',
    async (algorithm) => {
      const ann = await proven()
      const passkey = await softwarePasskey({ algorithm, synced: true })
      const credential = await registrationOf(passkey, ann.token)
      const response = await sendRegistration(ann.token, credential, call, '  Phone ')
      expect([response.status, trips(response)]).toEqual([201, 1])
      expect(response.headers.get('Location')).toBe(`/api/users/me/passkeys/${passkey.id}`)
      expect(await response.json()).toEqual({
        id: passkey.id,
        name: 'Phone',
        created_at: expect.any(String),
        last_used_at: null,
        synced: true,
        transports: ['internal', 'hybrid'],
        rp_id: RP_ID,
        usable: true,
        recovery_codes: expect.any(Array),
      })
      const stored = await env.DB.prepare('select * from passkeys where id = ?')
        .bind(passkey.id)
        .first<{ key: number[]; backup_eligible: number; backed_up: number; user_id: number }>()
      expect(new Uint8Array(stored!.key)).toEqual(new Uint8Array(passkey.coseKey))
      expect(stored).toMatchObject({
        user_id: ann.id,
        backup_eligible: 1,
        backed_up: 1,
        counter: 0,
      })
      expect(await factorsOf(ann.id)).toBe('passkey')
    },
  )

  it('→ 201 with a name by the kind of the authenticator', async () => {
    const { token } = await proven()
    const names: string[] = []
    let fresh = token
    for (const [synced, transports] of [
      [true, ['internal']],
      [false, ['usb', 'nfc']],
      [false, ['internal']],
    ] as const) {
      const passkey = await softwarePasskey({ synced })
      const credential = await registrationOf(passkey, fresh, { transports: [...transports] })
      names.push((await body<{ name: string }>(await sendRegistration(token, credential))).name)
      fresh = await confirmWith(passkey, token)
    }
    expect(names).toEqual(['Synced passkey', 'Security key', 'Device passkey'])
  })

  it('→ 201 with ten recovery codes for the first factor, and none for the next', async () => {
    const { id, token } = await proven()
    const { passkey, added } = await addPasskey(token)
    expect(added.recovery_codes).toHaveLength(10)
    expect(new Set(added.recovery_codes).size).toBe(10)
    await confirmWith(passkey, token)
    expect((await addPasskey(token)).added.recovery_codes).toBeNull()
    const { n } = (await env.DB.prepare(
      'select count(*) as n from recovery_codes where user_id = ?',
    )
      .bind(id)
      .first<{ n: number }>())!
    expect(n).toBe(10)
    const withApp = await proven()
    await giveTotp(withApp.id)
    await setSession(withApp.token, 'amr', 'pwd otp mfa')
    expect((await addPasskey(withApp.token)).added.recovery_codes).toBeNull()
    expect(await factorsOf(withApp.id)).toBe('totp passkey')
  })

  it('→ 201 and ends the other sign-ins, leaves an event and mails the owner', async () => {
    const ann = await proven()
    const other = await signIn(ann.email)
    await env.DB.prepare("update sessions set kind = 'grant' where id = ?")
      .bind(sessionIdOf((await signIn(ann.email)).token))
      .run()
    await addPasskey(ann.token)
    await expectDead(other)
    expect((await call('GET', '/api/users/me', { token: ann.token })).status).toBe(200)
    expect(await sessionsOf(ann.id)).toBe(2)
    expect(await eventsOf(ann.id)).toEqual(
      expect.arrayContaining(['passkey_added', 'recovery_codes_made']),
    )
    const mail = await nextMail(ann.email, /passkey was added/)
    expect(mail.text).toContain(`${ORIGIN}/forgot`)
  })

  it('→ 403 email-not-verified with any credential before the address is proven', async () => {
    const ann = await proven()
    const credential = await registrationOf(await softwarePasskey(), ann.token)
    await env.DB.prepare('update users set email_verified = 0 where id = ?').bind(ann.id).run()
    for (const sent of [credential, { ...credential, id: 'A'.repeat(43) }]) {
      await expectProblem(await sendRegistration(ann.token, sent), 403, 'email-not-verified')
    }
    expect(await countOf(ann.id)).toBe(0)
  })

  it('→ 401 step-up-required when the authentication got old after the options', async () => {
    const ann = await proven()
    const credential = await registrationOf(await softwarePasskey(), ann.token)
    await makeOld(ann.token)
    await expectProblem(await sendRegistration(ann.token, credential), 401, 'step-up-required')
    expect(await countOf(ann.id)).toBe(0)
  })

  it('→ 409 too-many-passkeys for the 21st, also of two at the same time', async () => {
    const ann = await proven()
    const insert = `insert into passkeys (id, user_id, key, counter, backup_eligible, backed_up,
      aaguid, rp_id, name, created_at) values (?, ?, x'00', 0, 0, 0, '', 'localhost', 'x', 0)`
    const statement = env.DB.prepare(insert)
    const many = Array.from({ length: 19 }, () => statement.bind(crypto.randomUUID(), ann.id))
    await env.DB.batch(many)
    const credentials = [
      await registrationOf(await softwarePasskey(), ann.token),
      await registrationOf(await softwarePasskey(), ann.token),
    ]
    // The first passkey makes the session too weak for the second, which is not the point here.
    await setSession(ann.token, 'amr', 'swk user mfa')
    const answers = await Promise.all(credentials.map((one) => sendRegistration(ann.token, one)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    const refused = answers.find(({ status }) => status === 409)
    await expectProblem(refused as Response, 409, 'too-many-passkeys')
    expect(await countOf(ann.id)).toBe(20)
  })

  it('→ 409 passkey-taken for the credential id of another account, and of a repeated request', async () => {
    const [ann, bob] = [await proven(), await proven('bob')]
    const passkey = await softwarePasskey()
    const credential = await registrationOf(passkey, ann.token)
    expect((await sendRegistration(ann.token, credential)).status).toBe(201)
    await confirmWith(passkey, ann.token)
    await expectProblem(await sendRegistration(ann.token, credential), 409, 'passkey-taken')
    const copied = await registrationOf(passkey, bob.token)
    await expectProblem(await sendRegistration(bob.token, copied), 409, 'passkey-taken')
    expect([await countOf(ann.id), await countOf(bob.id)]).toEqual([1, 0])
    expect((await listPasskeys(ann.token)).passkeys).toHaveLength(1)
  })

  it('→ 422 passkey-rejected for a used challenge', async () => {
    const ann = await proven()
    const challenge = (await creationOptions(ann.token)).challenge
    const options = { challenge, userHandle: 'A'.repeat(22) }
    const first = await (await softwarePasskey()).register(options)
    expect((await sendRegistration(ann.token, first)).status).toBe(201)
    await setSession(ann.token, 'amr', 'swk user mfa')
    const second = await (await softwarePasskey()).register(options)
    const { detail } = await expectProblem(
      await sendRegistration(ann.token, second),
      422,
      'passkey-rejected',
    )
    expect(detail).toMatch(/challenge has expired, was used/)
    expect(await countOf(ann.id)).toBe(1)
  })

  it('→ 422 passkey-rejected with the broken rule', async () => {
    const ann = await proven()
    const rules: [RegExp, Parameters<typeof registrationOf>[2]][] = [
      [/origin/, { origin: 'https://evil.example' }],
      [/origin/, { origin: 'http://localhost:8788' }],
      [/frame of another site/, { crossOrigin: true }],
      [/frame of another site/, { topOrigin: 'https://evil.example' }],
      [/another domain/, { rpId: 'evil.example' }],
      [/no registration/, { type: 'webauthn.get' }],
      [/presence/, { userPresent: false }],
      [/verify the user/, { userVerified: false }],
      [/malformed/, { id: 'A'.repeat(43) }],
      [/malformed/, { rawId: 'A'.repeat(43) }],
      [/malformed/, { credentialId: new Uint8Array(16) }],
      [/malformed/, { backedUp: true }],
      [/malformed/, { editAttestationObject: (bytes) => new Uint8Array([...bytes, 0]) }],
      [/algorithms/, { coseKey: new Uint8Array([0xa1, 0x03, 0x38, 0x22]) }],
      [/malformed|public key/, { coseKey: new Uint8Array(77) }],
    ]
    for (const [rule, options] of rules) {
      const credential = await registrationOf(await softwarePasskey(), ann.token, options)
      const response = await sendRegistration(ann.token, credential)
      expect(trips(response)).toBe(1)
      const { detail } = await expectProblem(response, 422, 'passkey-rejected')
      expect(detail, JSON.stringify(options)).toMatch(rule)
      expect(detail).toMatch(/Request new options and try again\.$/)
    }
    expect(await countOf(ann.id)).toBe(0)
    expect(await eventsOf(ann.id)).not.toContain('passkey_added')
  })

  it('→ 422 passkey-rejected for a point that is not on its curve', async () => {
    const ann = await proven()
    const passkey = await softwarePasskey()
    const coseKey = passkey.coseKey.slice()
    coseKey[coseKey.length - 1]! ^= 1
    expect((await importCoseKey(coseKey)).kind).toBe('invalid-public-key')
    const credential = await registrationOf(passkey, ann.token, { coseKey })
    await expectProblem(await sendRegistration(ann.token, credential), 422, 'passkey-rejected')
    expect(await countOf(ann.id)).toBe(0)
  })

  it('→ 422 passkey-rejected for a challenge of another purpose, user, session or service', async () => {
    const [ann, bob] = [await proven(), await proven('bob')]
    const signInOptions = await call('POST', '/api/passkeys/sign-in-options')
    const confirmOptions = await call('POST', '/api/session/confirm/options', { token: ann.token })
    const elsewhere = workerWith({
      JWT_SECRET: 'kV9wQ4xT2mR7yB1nL6cJ8pZ3dH5sF0gA',
      APP_ORIGIN: ORIGIN,
    })
    const otherSession = (await signIn(ann.email)).token
    const challenges = {
      'signing in': (await body<{ challenge: string }>(signInOptions)).challenge,
      confirming: (await body<{ challenge: string }>(confirmOptions)).challenge,
      'another user': (await creationOptions(bob.token)).challenge,
      'another session': (await creationOptions(otherSession)).challenge,
      'another service': (
        await body<{ challenge: string }>(await elsewhere('POST', '/api/passkeys/sign-in-options'))
      ).challenge,
      nothing: base64url.encode(crypto.getRandomValues(new Uint8Array(54))),
    }
    for (const [of, challenge] of Object.entries(challenges)) {
      const credential = await (await softwarePasskey()).register({ challenge, userHandle: 'AAAA' })
      const response = await sendRegistration(ann.token, credential)
      const { detail } = await expectProblem(response, 422, 'passkey-rejected')
      expect(detail, of).toMatch(/challenge/)
    }
    expect(await countOf(ann.id)).toBe(0)
  })

  it('→ 422 invalid-request that names the member, and ignores unknown members of the credential', async () => {
    const ann = await proven()
    const credential = await registrationOf(await softwarePasskey(), ann.token)
    const { response } = credential
    const long = 'A'.repeat(22_000)
    const bad: [string, object][] = [
      ['#/credential', { credential: 'x' }],
      ['#/credential/id', { credential: { ...credential, id: 'AA' } }],
      ['#/credential/id', { credential: { ...credential, id: `${credential.id}=` } }],
      ['#/credential/rawId', { credential: { ...credential, rawId: 'A'.repeat(1365) } }],
      ['#/credential/type', { credential: { ...credential, type: 'password' } }],
      [
        '#/credential/response/attestationObject',
        { credential: { ...credential, response: { ...response, attestationObject: long } } },
      ],
      [
        '#/credential/response/clientDataJSON',
        {
          credential: {
            ...credential,
            response: { ...response, clientDataJSON: 'x'.repeat(2800) },
          },
        },
      ],
      [
        '#/credential/response/transports',
        {
          credential: {
            ...credential,
            response: { ...response, transports: Array(33).fill('usb') },
          },
        },
      ],
      ['#/name', { credential, name: '' }],
      ['#/name', { credential, name: ' \u200b' }],
      ['#/name', { credential, name: 'x'.repeat(101) }],
      ['#/name', { credential, name: 'a\nb' }],
      ['#/more', { credential, more: 1 }],
    ]
    for (const [pointer, json] of bad) {
      const answer = await call('POST', '/api/users/me/passkeys', { token: ann.token, json })
      expect(trips(answer)).toBe(0)
      const { errors } = await expectProblem(answer, 422, 'invalid-request')
      expect(errors?.map((error) => error.pointer)).toContain(pointer)
    }
    const more = {
      ...credential,
      authenticatorAttachment: 'platform',
      clientExtensionResults: { credProps: { rk: true } },
      response: {
        ...response,
        publicKey: '',
        publicKeyAlgorithm: -7,
        authenticatorData: 'AA',
        x: 1,
      },
    }
    expect((await sendRegistration(ann.token, more)).status).toBe(201)
  })
})
