// `npm run keys`: makes and rotates the keys of SIGNING_KEYS and DATA_KEYS. Only the set goes to
// stdout, so that a pipe can store it as the secret. The notes go to stderr.
import { randomBytes } from 'node:crypto'
import { readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ALGORITHMS, DATA_KEYS, SIGNING_KEYS } from './key-sets.mjs'

const HELP = `npm run --silent keys [-- <option>…]

  (none)              a new set with one key
  --rotate <file|->   step 1: adds a new key behind the present ones; it is accepted, not yet used
  --promote <file|->  step 2: puts the newest key first; it signs or encrypts from now on
  --drop <file|->     step 3: drops every key but the first; Gatepost refuses what the others made

  --data              keys of the secret DATA_KEYS; otherwise of SIGNING_KEYS
  --alg <alg>         of a new signing key: ES256 (default), EdDSA or RS256
  --out <file>        writes the set there, readable by you alone, instead of printing it
  --secret            prints a new JWT_SECRET instead

A file holds a set alone, or is a .dev.vars with a line SIGNING_KEYS='…' or DATA_KEYS=…; - reads stdin.
More in docs/keys.md.`

/** Cloudflare's limit for one secret: 5 KB. */
const MAX_BYTES = 5000

const store = (secret, file) => `
Store the set as the secret ${secret}, and keep a copy with your other secrets: Cloudflare never
shows it again, and the next step starts from it.
  on Cloudflare   … --out ${file} && npx wrangler secret put ${secret} < ${file}
  locally         one line in .dev.vars: ${secret}='<the set>'`

class Refusal extends Error {}

async function main() {
  const { values } = parseArgs({
    options: {
      alg: { type: 'string' },
      data: { type: 'boolean' },
      rotate: { type: 'string' },
      promote: { type: 'string' },
      drop: { type: 'string' },
      out: { type: 'string' },
      secret: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return console.error(HELP)
  const step = chosenStep(values)
  if (step === 'secret') return printSecret(values)

  const set = values.data ? DATA_KEYS : SIGNING_KEYS
  const present = step ? readSet(set, values[step]) : { keys: [] }
  const keys = turn(set, step, present.keys, values.alg ?? 'ES256')
  const text = set.format(keys)
  set.parse(text) // prints nothing that the Worker would refuse
  if (text.length > MAX_BYTES)
    throw new Refusal('The set is larger than a secret may be (5 KB); drop old keys first.')
  if (values.out === undefined) process.stdout.write(`${text}\n`)
  else writeSet(values.out, text, present)
  console.error(await notes(set, keys, step, values.out))
}

/** The one step that the options choose, or undefined for a first key. */
function chosenStep({ alg, data, ...values }) {
  const steps = ['rotate', 'promote', 'drop', 'secret'].filter((name) => values[name] !== undefined)
  if (steps.length > 1) throw new Refusal(`Choose one of --${steps.join(' and --')}.`)
  const [step] = steps
  if (alg === undefined || step === 'secret') return step
  if (!Object.hasOwn(ALGORITHMS, alg))
    throw new Refusal(`--alg is one of ${Object.keys(ALGORITHMS).join(', ')}.`)
  if (data) throw new Refusal('--data takes no --alg: data keys are 32 random bytes.')
  if (step && step !== 'rotate') throw new Refusal(`--${step} makes no key, so it takes no --alg.`)
  return step
}

function turn(set, step, present, alg) {
  const hasOneKey = present.length < 2
  switch (step) {
    case 'rotate':
      return [...present, set.newKey(alg)]
    case 'promote':
      if (hasOneKey) throw new Refusal('There is one key only: --rotate adds another.')
      return [present.at(-1), ...present.slice(0, -1)]
    case 'drop':
      if (hasOneKey) throw new Refusal('There is one key only: nothing to drop.')
      return present.slice(0, 1)
    default:
      return [set.newKey(alg)]
  }
}

async function notes(set, keys, step, out) {
  const lines = (await set.describe(keys)).map((line) => `  ${line}`)
  const file = set === DATA_KEYS ? 'data-keys.txt' : 'signing-keys.json'
  const how = out ? '' : store(set.secret, file)
  return `Keys in the set:\n${lines.join('\n')}\n\n${set.next[step ?? 'first']}${how}`
}

/**
 * The set in a file or on stdin.
 * @returns {{ keys: any[], file?: string }} `file` if it holds the set alone and may be replaced
 */
function readSet(set, source) {
  let text
  try {
    text = readFileSync(source === '-' ? 0 : source, 'utf8')
  } catch (error) {
    throw new Refusal(`Cannot read ${source === '-' ? 'stdin' : source}: ${error.code}.`)
  }
  const line = set.line.exec(text)
  try {
    const keys = set.parse(line?.[2] ?? text)
    return { keys, file: line || source === '-' ? undefined : source }
  } catch (error) {
    throw new Refusal(`The present set ${error.message}.`)
  }
}

/** Replaces the set that was read with one rename. Never overwrites any other file. */
function writeSet(file, text, present) {
  const replaces = present.file !== undefined && isSameFile(file, present.file)
  const target = replaces ? `${file}.new` : file
  try {
    writeFileSync(target, `${text}\n`, { mode: 0o600, flag: 'wx' })
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

function printSecret({ alg, data, out }) {
  if (alg !== undefined || data !== undefined || out !== undefined)
    throw new Refusal('--secret takes no other option.')
  process.stdout.write(`${randomBytes(32).toString('base64url')}\n`)
  console.error(`A new JWT_SECRET. For the first one:
  npm run --silent keys -- --secret | npx wrangler secret put JWT_SECRET
To replace one in use and keep every session, see docs/keys.md.`)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof Refusal) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error
  console.error(`${error.message}\n\n${HELP}`)
  process.exitCode = 1
}
