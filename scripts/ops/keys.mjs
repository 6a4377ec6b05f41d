// `npm run keys`: makes signing keys and turns them over. The JWK set goes to stdout and nothing else
// does, so that it can be piped into the secret; what to do next is told on stderr.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parseSigningKeys } from '../../src/security/signing-keys.ts'

const HELP = `npm run --silent keys [-- <option>…]

  (none)              a new set with one key
  --rotate <file|->   step 1: adds a new key behind the present ones; it is published, not yet used
  --promote <file|->  step 2: puts the newest key first; it signs from now on
  --drop <file|->     step 3: drops every key but the first; what they signed is dead

  --alg <alg>         of a new key: ES256 (default), EdDSA or RS256
  --out <file>        writes the set there, readable by you alone, instead of printing it
  --secret            prints a new JWT_SECRET instead

A file is a JWK set, or a .dev.vars with a line SIGNING_KEYS='…'; - reads stdin.
More in docs/keys.md.`

/** Cloudflare's limit for one secret: 5 KB. */
const MAX_BYTES = 5000

/** How each algorithm's keys are made, and the members RFC 7638 hashes, in its order. */
const ALGORITHMS = {
  ES256: { make: ['ec', { namedCurve: 'P-256' }], kid: ['crv', 'kty', 'x', 'y'] },
  EdDSA: { make: ['ed25519'], kid: ['crv', 'kty', 'x'] },
  RS256: { make: ['rsa', { modulusLength: 2048 }], kid: ['e', 'kty', 'n'] },
}

const STORE = `
Store the set as the secret SIGNING_KEYS, and keep a copy with your other secrets: Cloudflare never
shows it again, and the next step starts from it.
  on Cloudflare   … --out signing-keys.json && npx wrangler secret put SIGNING_KEYS < signing-keys.json
  locally         one line in .dev.vars: SIGNING_KEYS='<the set>'`

class Refusal extends Error {}

function main() {
  const { values } = parseArgs({
    options: {
      alg: { type: 'string' },
      rotate: { type: 'string' },
      promote: { type: 'string' },
      drop: { type: 'string' },
      out: { type: 'string' },
      secret: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return console.error(HELP)
  const steps = ['rotate', 'promote', 'drop', 'secret'].filter((name) => values[name] !== undefined)
  if (steps.length > 1) throw new Refusal(`Choose one of --${steps.join(' and --')}.`)
  const [step] = steps
  if (step === 'secret') return printSecret(values)
  if (values.alg !== undefined && !Object.hasOwn(ALGORITHMS, values.alg))
    throw new Refusal(`--alg is one of ${Object.keys(ALGORITHMS).join(', ')}.`)
  if (values.alg !== undefined && step && step !== 'rotate')
    throw new Refusal(`--${step} makes no key, so it takes no --alg.`)

  const present = step ? readSet(values[step]) : { keys: [] }
  const { keys, next } = turn(step, present.keys, values.alg ?? 'ES256')
  const json = JSON.stringify({ keys })
  parseSigningKeys(json) // nothing is printed that the Worker would refuse
  if (json.length > MAX_BYTES)
    throw new Refusal('The set is larger than a secret may be (5 KB); drop old keys first.')
  if (values.out === undefined) process.stdout.write(`${json}\n`)
  else writeSet(values.out, json, present)
  console.error(`${describe(keys)}\n\n${next}${values.out ? '' : STORE}`)
}

function turn(step, present, alg) {
  switch (step) {
    case 'rotate':
      return {
        keys: [...present, newKey(alg)],
        next: `Step 1 of 3. The new key is last: published and accepted, not yet used. After storing, wait until
every isolate has it (a minute) and whoever caches /.well-known/jwks.json has asked again; then --promote.`,
      }
    case 'promote':
      if (present.length < 2) throw new Refusal('There is one key only: --rotate adds another.')
      return {
        keys: [present.at(-1), ...present.slice(0, -1)],
        next: `Step 2 of 3. The newest key signs; tokens of the others stay good. After storing, wait a minute and then
the lifetime of an access token (ACCESS_TOKEN_MINUTES, 15); then --drop.`,
      }
    case 'drop':
      if (present.length < 2) throw new Refusal('There is one key only: nothing to drop.')
      return {
        keys: present.slice(0, 1),
        next: 'Step 3 of 3. Tokens of the dropped keys are dead as soon as this is stored.',
      }
    default:
      return {
        keys: [newKey(alg)],
        next: `A first key. Once it is stored, access tokens signed with JWT_SECRET are refused; clients refresh, since
refresh tokens do not depend on SIGNING_KEYS, and nobody is signed out.`,
      }
  }
}

/** Alg, use and kid are for people and other tools; the Worker computes them from the key. */
function newKey(alg) {
  const { make } = ALGORITHMS[alg]
  const jwk = generateKeyPairSync(...make).privateKey.export({ format: 'jwk' })
  return { ...jwk, alg, use: 'sig', kid: thumbprint(jwk) }
}

/** RFC 7638 §3: SHA-256 of the required members, in lexicographic order, without spaces. */
function thumbprint(jwk) {
  const { kid } = Object.values(ALGORITHMS).find(({ kid }) => kid.every((name) => jwk[name]))
  return createHash('sha256').update(JSON.stringify(jwk, kid)).digest('base64url')
}

function describe(keys) {
  const lines = keys.map((jwk, index) => {
    const { alg } = parseSigningKeys(JSON.stringify({ keys: [jwk] }))[0]
    return `  ${index === 0 ? 'signs   ' : 'verifies'}  ${alg}  ${thumbprint(jwk)}`
  })
  return ['Keys in the set:', ...lines].join('\n')
}

/** @returns {{ keys: object[], file?: string }} `file` if the set is all the file holds, so it may be replaced */
function readSet(source) {
  let text
  try {
    text = readFileSync(source === '-' ? 0 : source, 'utf8')
  } catch (error) {
    throw new Refusal(`Cannot read ${source === '-' ? 'stdin' : source}: ${error.code}.`)
  }
  const line = /^\s*(?:export\s+)?SIGNING_KEYS\s*=\s*(['"`]?)(\{.*\})\1\s*$/m.exec(text)
  const json = line?.[2] ?? text
  try {
    parseSigningKeys(json)
  } catch (error) {
    throw new Refusal(`The present set ${error.message}.`)
  }
  return { keys: JSON.parse(json).keys, file: line || source === '-' ? undefined : source }
}

/** Replaces the set that was read, in one move; any other file that exists is left alone. */
function writeSet(file, json, present) {
  const replaces = present.file !== undefined && isSameFile(file, present.file)
  const target = replaces ? `${file}.new` : file
  try {
    writeFileSync(target, `${json}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (error.code !== 'EEXIST') throw new Refusal(`Cannot write ${target}: ${error.code}.`)
    throw new Refusal(`${target} exists already and is left as it is.`)
  }
  if (replaces) renameSync(target, file)
}

function isSameFile(one, other) {
  try {
    return realpathSync(one) === realpathSync(other)
  } catch {
    return false
  }
}

function printSecret({ alg, out }) {
  if (alg !== undefined || out !== undefined) throw new Refusal('--secret takes no other option.')
  process.stdout.write(`${randomBytes(32).toString('base64url')}\n`)
  console.error(`A new JWT_SECRET. For the first one:
  npm run --silent keys -- --secret | npx wrangler secret put JWT_SECRET
To replace one in use without signing anybody out, see docs/keys.md.`)
}

try {
  main()
} catch (error) {
  if (!(error instanceof Refusal) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error
  console.error(`${error.message}\n\n${HELP}`)
  process.exitCode = 1
}
