// Every kind of token, given to the reader of every kind: a reader accepts its own kind alone.
import { beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { issueAccessToken, readAccessToken } from '../../src/security/access-token'
import { issueChallenge, readChallenge } from '../../src/security/challenge'
import { openCursor, sealCursor } from '../../src/security/cursor'
import { type Keyring, openKeyring } from '../../src/security/keyring'
import { issuePendingToken, readPendingToken } from '../../src/security/pending-token'
import { issueRefreshToken, readRefreshToken } from '../../src/security/refresh-token'
import { openFlow, sealFlow } from '../../src/security/sealed-flow'
import { hashSecretToken, newSecretToken, randomId } from '../../src/security/secret-token'

const NOW = new Date('2026-05-01T12:00:00Z')
const issuer = 'https://gatepost.example'
const LIFETIME = 900
const sessionId = randomId()
const person = { userId: 7, clientId: 'first-party', scope: ['account'], now: NOW }
const flow = { now: NOW, lifetimeSeconds: 600 }
const opening = { now: NOW, schema: z.unknown() }

interface Kind {
  make: (keys: Keyring) => Promise<string>
  read: (keys: Keyring, text: string) => Promise<unknown>
}

const KINDS: Record<string, Kind> = {
  'access token': {
    make: (keys) =>
      issueAccessToken(keys, {
        ...person,
        issuer,
        sessionId,
        authentication: { time: NOW, amr: ['pwd'] },
        lifetimeSeconds: LIFETIME,
      }),
    read: (keys, text) =>
      readAccessToken(keys, text, { issuer, now: NOW, lifetimeSeconds: LIFETIME }),
  },
  'pending token': {
    make: (keys) =>
      issuePendingToken(keys, { ...person, amr: ['pwd'], replaces: sessionId, passwordHash: 'x' }),
    read: (keys, text) => readPendingToken(keys, text, NOW),
  },
  'refresh token': {
    make: (keys) => issueRefreshToken(keys, { sessionId, counter: 3 }),
    read: readRefreshToken,
  },
  'mailed token': {
    make: async () => (await newSecretToken()).token,
    read: (_, text) => hashSecretToken(text),
  },
  cursor: {
    make: (keys) => sealCursor(keys, 'posts', [7]),
    read: (keys, text) => openCursor(keys, 'posts', text),
  },
  'WebAuthn challenge': {
    make: (keys) => issueChallenge(keys, 'sign-in', NOW),
    read: (keys, text) => readChallenge(keys, text, 'sign-in', NOW),
  },
  'identity provider flow': {
    make: (keys) => sealFlow(keys, 'identityProviderFlow', {}, flow),
    read: (keys, text) => openFlow(keys, 'identityProviderFlow', text, opening),
  },
  'identity registration': {
    make: (keys) => sealFlow(keys, 'identityRegistration', {}, flow),
    read: (keys, text) => openFlow(keys, 'identityRegistration', text, opening),
  },
}

let keyring: Keyring
beforeAll(async () => {
  keyring = await openKeyring({
    jwtSecret: 'Vq3x-first-secret-of-the-kinds-tests-012345',
    jwtSecretPrevious: null,
    signingKeys: null,
  })
})

it.each(Object.entries(KINDS))('%s → accepted by its own reader alone', async (name, { make }) => {
  const text = await make(keyring)
  for (const [reader, { read }] of Object.entries(KINDS)) {
    const accepted = (await read(keyring, text)) !== null
    expect(accepted, `by the reader of: ${reader}`).toBe(reader === name)
  }
})
