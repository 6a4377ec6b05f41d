// Thousands of generated answers through the routes: mutated, replayed, foreign, expired. Each gets
// a problem with its code, none a 5xx, and only valid registrations are stored.
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { base64url } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { CHALLENGE_MS, type ChallengePurpose, issueChallenge } from '../../src/security/challenge'
import { type Keyring, openKeyring } from '../../src/security/keyring'
import { importCoseKey } from '../../src/security/webauthn/cose-key'
import { readSettings } from '../../src/settings'
import type { SoftwarePasskey } from '../support/authenticator'
import { workerWith } from '../support/client'
import {
  authenticatorOptions,
  type ChallengeSource,
  type GeneratedAnswer,
  generatedAnswers,
  sentJson,
} from '../support/generated-answers'
import {
  body,
  creationOptions,
  type PasskeyHolder,
  passkeyHolder,
  passkeySignIn,
  softwarePasskey,
} from '../support/passkeys'
import { claimsOf } from '../support/sign-in'

const SEED = 20261127
const TIMEOUT = 300_000

/** One client sends them all, so it has no edge limit here. */
const unlimited = { limit: async () => ({ success: true }) }
const ask = workerWith({ SIGN_IN_LIMIT: unlimited, WRITE_LIMIT: unlimited })

let keys: Keyring
let ann: PasskeyHolder
let bob: PasskeyHolder
let passkeys: Record<GeneratedAnswer['passkey'], SoftwarePasskey>
let token: string
beforeAll(async () => {
  keys = await openKeyring(readSettings(env))
  ann = await passkeyHolder()
  bob = await passkeyHolder()
  passkeys = { own: ann.passkey, foreign: bob.passkey, unknown: await softwarePasskey() }
  token = await passkeySignIn(ann.passkey)
})

/** Challenges of a purpose. A request for each of thousands would take minutes. */
async function challengesFor(
  purpose: ChallengePurpose,
  use: (challenge: string) => Promise<unknown>,
) {
  const right = () => issueChallenge(keys, purpose, new Date())
  const used = await right()
  await use(used)
  const fixed = {
    'other purpose': await issueChallenge(keys, 'register:0:AAAA', new Date()),
    expired: await issueChallenge(keys, purpose, new Date(Date.now() - CHALLENGE_MS)),
    used,
    invented: base64url.encode(crypto.getRandomValues(new Uint8Array(54))),
  }
  return (source: ChallengeSource) => (source === 'right' ? right() : fixed[source])
}

/** Sends answers, and returns how often each outcome was met. */
async function sendAll(
  count: number,
  outcomes: RegExp,
  send: (answer: GeneratedAnswer) => Promise<Response>,
) {
  const tally: Record<string, number> = {}
  const property = fc.asyncProperty(generatedAnswers, async (answer) => {
    const response = await send(answer)
    const { type = '' } = await response.clone().json<{ type?: string }>()
    const outcome = `${response.status} ${type.replace('/problems/', '')}`.trim()
    expect(outcome).toMatch(outcomes)
    // Only an answer to the right challenge can be valid.
    if (response.ok) expect(answer.challenge).toBe('right')
    tally[outcome] = (tally[outcome] ?? 0) + 1
  })
  await fc.assert(property, { seed: SEED, numRuns: count })
  return tally
}

const assertion = async (
  answer: GeneratedAnswer,
  challenge: (source: ChallengeSource) => string | Promise<string>,
) => {
  const passkey = passkeys[answer.passkey]
  const options = authenticatorOptions(answer, passkey.coseKey)
  const credential = await passkey.assert({
    challenge: await challenge(answer.challenge),
    ...options,
  })
  return { credential: sentJson(credential, answer) }
}

describe('thousands of generated answers', () => {
  it(
    'POST /api/session/passkey → 401 or 422 unless the answer is valid',
    async () => {
      const challenge = await challengesFor('sign-in', async (challenge) => {
        const json = { credential: await ann.passkey.assert({ challenge }) }
        await body(await ask('POST', '/api/session/passkey', { json }))
      })
      const outcomes = /^(?:200|401 passkey-(?:rejected|unknown)|422 invalid-request)$/
      const tally = await sendAll(1500, outcomes, async (answer) => {
        const json = await assertion(answer, challenge)
        const response = await ask('POST', '/api/session/passkey', { json })
        if (response.ok) {
          const { user } = await response.clone().json<{ user: { id: number } }>()
          expect(user.id).toBe({ own: ann.id, foreign: bob.id, unknown: 0 }[answer.passkey])
        }
        return response
      })
      expect(Object.keys(tally).sort()).toEqual([
        '200',
        '401 passkey-rejected',
        '401 passkey-unknown',
        '422 invalid-request',
      ])
    },
    TIMEOUT,
  )

  it(
    'POST /api/session/confirm → 401 or 422 unless the answer is valid',
    async () => {
      const challenge = await challengesFor(`confirm:${claimsOf(token).sid}`, async (challenge) => {
        const json = { credential: await ann.passkey.assert({ challenge }) }
        await body(await ask('POST', '/api/session/confirm', { token, json }))
      })
      const outcomes = /^(?:200|401 passkey-rejected|422 invalid-request)$/
      const tally = await sendAll(300, outcomes, async (answer) => {
        const json = await assertion(answer, challenge)
        const response = await ask('POST', '/api/session/confirm', { token, json })
        if (response.ok) expect(answer.passkey).toBe('own')
        return response
      })
      expect(Object.keys(tally)).toHaveLength(3)
    },
    TIMEOUT,
  )

  it(
    'POST /api/users/me/passkeys → 409 or 422 unless the answer is valid, and stores no bad key',
    async () => {
      const { user } = await creationOptions(token)
      const challenge = await challengesFor(
        `register:${ann.id}:${claimsOf(token).sid}`,
        async (challenge) => {
          const passkey = await softwarePasskey()
          const credential = await passkey.register({ challenge, userHandle: user.id })
          await body(await ask('POST', '/api/users/me/passkeys', { token, json: { credential } }))
        },
      )
      const outcomes = /^(?:201|409 passkey-taken|422 (?:passkey-rejected|invalid-request))$/
      const tally = await sendAll(700, outcomes, async (answer) => {
        await removeOthers()
        const isNew = answer.passkey === 'own'
        const passkey = isNew ? await softwarePasskey() : passkeys[answer.passkey]
        const { userHandle } = passkey
        const credential = await passkey.register({
          challenge: await challenge(answer.challenge),
          userHandle: user.id,
          ...authenticatorOptions(answer, passkey.coseKey),
        })
        passkey.userHandle = userHandle
        const json = { credential: sentJson(credential, answer) }
        const response = await ask('POST', '/api/users/me/passkeys', { token, json })
        if (response.ok) await expectGoodKeys()
        return response
      })
      expect(Object.keys(tally)).toHaveLength(4)
    },
    TIMEOUT,
  )
})

/** Keeps the number of passkeys below the maximum. */
const removeOthers = () =>
  env.DB.prepare('delete from passkeys where user_id = ? and id <> ?')
    .bind(ann.id, ann.passkey.id)
    .run()

/** The stored passkeys of the user whose key does not import: not on its curve, or malformed. */
async function badKeys(): Promise<string[]> {
  const { results } = await env.DB.prepare('select id, key from passkeys where user_id = ?')
    .bind(ann.id)
    .all<{ id: string; key: number[] }>()
  const kinds = await Promise.all(
    results.map(async ({ id, key }) => ({ id, ...(await importCoseKey(new Uint8Array(key))) })),
  )
  return kinds.filter(({ kind }) => kind !== 'imported').map(({ id }) => id)
}
const expectGoodKeys = async () => expect(await badKeys()).toEqual([])
