// @ts-check
// A generated secret on its way to wrangler: in a file that only this user can read, for as long as
// wrangler runs, and nowhere else.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../failure.mjs'

/** 384 random bits as base64url. */
const newSecret = () => randomBytes(48).toString('base64url')

/**
 * Runs `use` with a JSON file that holds a new JWT_SECRET, and removes the file afterwards: when
 * `use` returns or throws, and when the process exits.
 * @template T
 * @param {(file: string, secret: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withNewSecret(use) {
  const folder = mkdtempSync(join(tmpdir(), 'gatepost-deploy-')) // mode 0700
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.on('exit', remove)
  try {
    const file = join(folder, 'secrets.json')
    const secret = newSecret()
    writeFileSync(file, JSON.stringify({ JWT_SECRET: secret }), { mode: 0o600, flag: 'wx' })
    return await use(file, secret)
  } finally {
    remove()
    process.off('exit', remove)
  }
}

/**
 * Checks a file of secrets that the operator made.
 * @param {string} file JSON: names → values
 * @param {string[]} missing required secrets that the Worker lacks
 * @returns {string[]} the values, which no output may show
 * @throws {Failure}
 */
export function checkSecretsFile(file, missing) {
  let secrets
  try {
    secrets = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason =
      error instanceof SyntaxError ? 'is no JSON' : `cannot be read (${Object(error).code})`
    throw new Failure(`The secrets file ${file} ${reason}.`, 'write {"JWT_SECRET": "…"}, mode 600')
  }
  if (typeof secrets !== 'object' || secrets === null || Array.isArray(secrets))
    throw new Failure(`The secrets file ${file} holds no JSON object.`, 'write {"JWT_SECRET": "…"}')
  const absent = missing.filter((name) => typeof secrets[name] !== 'string' || secrets[name] === '')
  if (absent.length > 0)
    throw new Failure(
      `The secrets file ${file} lacks ${absent.join(', ')}.`,
      'add it as a text, then repeat',
    )
  return Object.values(secrets).map(String)
}
