// The two secrets that hold a set of keys, SIGNING_KEYS and DATA_KEYS: how to read, write and
// extend each of them, and the notes that `npm run keys` prints.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { openDataKeys, parseDataKeys } from '../../src/security/data-keys.ts'
import { parseSigningKeys } from '../../src/security/signing-keys.ts'

/**
 * @typedef {object} KeySet
 * @property {string} secret the name of the secret
 * @property {RegExp} line the line of a .dev.vars that holds it; its second group is the set
 * @property {(text: string) => any[]} parse throws an Error that names the broken rule
 * @property {(keys: any[]) => string} format
 * @property {(alg: string) => any} newKey
 * @property {(keys: any[]) => Promise<string[]>} describe one line a key, without the key
 * @property {Record<'first' | 'rotate' | 'promote' | 'drop', string>} next the note after each step
 */

/** How to make the keys of each algorithm, and the members RFC 7638 hashes, in its order. */
export const ALGORITHMS = {
  ES256: { make: ['ec', { namedCurve: 'P-256' }], kid: ['crv', 'kty', 'x', 'y'] },
  EdDSA: { make: ['ed25519'], kid: ['crv', 'kty', 'x'] },
  RS256: { make: ['rsa', { modulusLength: 2048 }], kid: ['e', 'kty', 'n'] },
}

/** @type {KeySet} */
export const SIGNING_KEYS = {
  secret: 'SIGNING_KEYS',
  line: /^\s*(?:export\s+)?SIGNING_KEYS\s*=\s*(['"`]?)(\{.*\})\1\s*$/m,
  parse(text) {
    parseSigningKeys(text)
    return JSON.parse(text).keys
  },
  format: (keys) => JSON.stringify({ keys }),
  newKey(alg) {
    const { make } = ALGORITHMS[alg]
    const jwk = generateKeyPairSync(...make).privateKey.export({ format: 'jwk' })
    return { ...jwk, alg, use: 'sig', kid: thumbprint(jwk) }
  },
  describe: async (keys) =>
    keys.map((jwk, index) => {
      const [{ alg }] = parseSigningKeys(JSON.stringify({ keys: [jwk] }))
      return `${index === 0 ? 'signs   ' : 'verifies'}  ${alg}  ${thumbprint(jwk)}`
    }),
  next: {
    first: `A first key. Once it is stored, Gatepost refuses access tokens signed with JWT_SECRET. Clients refresh:
refresh tokens do not depend on SIGNING_KEYS, and every session goes on.`,
    rotate: `Step 1 of 3. The new key is last: published and accepted, not yet used. Store the set, wait a minute
until every isolate has it and until caches of /.well-known/jwks.json have expired, then run --promote.`,
    promote: `Step 2 of 3. The newest key signs; tokens of the other keys stay valid. Store the set, wait a minute and
the lifetime of an access token (ACCESS_TOKEN_MINUTES, 15), then run --drop.`,
    drop: 'Step 3 of 3. Once the set is stored, Gatepost refuses tokens of the dropped keys.',
  },
}

/** @type {KeySet} */
export const DATA_KEYS = {
  secret: 'DATA_KEYS',
  line: /^\s*(?:export\s+)?DATA_KEYS\s*=\s*(['"`]?)([\w-][\w, -]*)\1\s*$/m,
  parse: (text) => parseDataKeys(text.trim()),
  format: (keys) => keys.join(','),
  newKey: () => randomBytes(32).toString('base64url'),
  async describe(keys) {
    const { byKid } = await openDataKeys(keys)
    return [...byKid.keys()].map((kid, index) => `${index === 0 ? 'encrypts' : 'decrypts'}  ${kid}`)
  },
  next: {
    first: `A first key. It encrypts the secrets of authenticator apps. Keep a copy: without this key Gatepost cannot
read them, and every user sets the authenticator app up again.`,
    rotate: `Step 1 of 3. The new key is last: it decrypts, and does not encrypt yet. Store the set, wait a minute until
every isolate has it, then run --promote.`,
    promote: `Step 2 of 3. The newest key encrypts. Gatepost encrypts a stored secret again when its user signs in with a
code. Run --drop when no row has another kid than the first one below:
  npx wrangler d1 execute DB --remote --command "select substr(secret, 1, 11) kid, count(*) from totp group by kid"`,
    drop: `Step 3 of 3. Once the set is stored, Gatepost cannot read what the dropped keys encrypted.`,
  },
}

/** RFC 7638 §3: SHA-256 of the required members, in lexicographic order, without spaces. */
function thumbprint(jwk) {
  const { kid } = Object.values(ALGORITHMS).find(({ kid }) => kid.every((name) => jwk[name]))
  return createHash('sha256').update(JSON.stringify(jwk, kid)).digest('base64url')
}
