// @ts-check
// `npm run admin -- grant ann@example.com [--remote]` makes an account an admin; `revoke` makes an
// admin a user again. It is how the first admin comes about. Without --remote it changes the local
// database of `npm run dev`.
import { parseArgs } from 'node:util'
import { caseFold, normalizeInput } from '../../src/normalize.ts'
import { command, run } from '../tools.mjs'
import { envArguments, PRODUCTION } from './environment.mjs'

const HELP = `npm run admin -- grant|revoke ann@example.com [option]…

  --remote           the database on Cloudflare, instead of the local one
  --env <name>       its environment: production (default), staging
  --persist-to <dir> folder of the local database
  --unverified       grants although the address is not proven: only when you know whose account it is`

/** One address in characters that need no quoting in SQL. */
const ADDRESS = /^[^\s'"\\;]{1,64}@[^\s'"\\;]{1,190}$/

const ROLES = /** @type {const} */ ({ grant: 'admin', revoke: 'user' })

/**
 * @typedef {object} Order
 * @property {'admin' | 'user'} role
 * @property {string} email
 * @property {boolean} unverified
 * @property {string[]} target arguments that choose the database
 */

/** @returns {Order | null} null when the command line cannot be understood */
function readOrder() {
  try {
    const text = /** @type {const} */ ({ type: 'string' })
    const flag = /** @type {const} */ ({ type: 'boolean' })
    const options = { remote: flag, env: text, 'persist-to': text, unverified: flag }
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const [act = '', email = '', ...rest] = positionals
    const role = act === 'grant' || act === 'revoke' ? ROLES[act] : null
    if (!role || !ADDRESS.test(email) || rest.length > 0) return null
    const persist = values['persist-to'] ? ['--persist-to', values['persist-to']] : []
    return {
      role,
      email,
      unverified: values.unverified ?? false,
      target: [
        values.remote ? '--remote' : '--local',
        ...persist,
        ...envArguments(values.env ?? PRODUCTION),
      ],
    }
  } catch {
    return null
  }
}

/**
 * Changes the role in one transaction and returns the account as it is afterwards.
 * @param {Order} order
 */
function statements({ role, email, unverified }) {
  const key = `'${caseFold(normalizeInput(email)).replaceAll("'", "''")}'`
  const proven = role === 'admin' && !unverified ? ' and email_verified = 1' : ''
  const changes = `email_key = ${key} and role <> '${role}'${proven}`
  return [
    `insert into events (user_id, type, at) select id, 'role_changed', ${Date.now()} from users where ${changes}`,
    `update users set role = '${role}' where ${changes}`,
    `select id, username, role, email_verified, is_active from users where email_key = ${key}`,
  ].join('; ')
}

/** @param {Order} order */
async function main(order) {
  const { code, output } = await run(
    command('wrangler', [
      ...['d1', 'execute', 'DB', ...order.target, '--json', '--yes'],
      ...['--command', statements(order)],
    ]),
    { env: { CI: '1', WRANGLER_LOG: undefined } }, // its answer is a log line
  )
  const start = output.indexOf('[')
  if (code !== 0 || start < 0) {
    process.stderr.write(output)
    return fail(
      'The database was not changed: run npm run dev (or, with --remote, npm run deploy) first.',
    )
  }
  const user = JSON.parse(output.slice(start)).at(-1).results[0]
  if (!user) return fail(`No account has the address ${order.email}: register first.`)
  const name = `${user.username} (id ${user.id})`
  if (user.role !== order.role)
    return fail(
      `${name} is not an admin: the address ${order.email} is not proven, so another person may have registered it. Open the link that was mailed to it, or repeat with --unverified if you know that the account is yours.`,
    )
  console.log(
    order.role === 'admin'
      ? `${name} is an admin: sign in again to get the scope.`
      : `${name} is not an admin.`,
  )
  if (!user.is_active) console.log('Note: the account is disabled.')
}

/** @param {string} sentence */
function fail(sentence) {
  console.error(sentence)
  process.exitCode = 1
}

const order = readOrder()
if (order) await main(order)
else {
  console.error(HELP)
  process.exitCode = 2
}
