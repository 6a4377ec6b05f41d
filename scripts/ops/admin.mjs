// `npm run admin -- grant ann@example.com [--remote]`: makes an account an admin; `revoke` makes an admin a user again.
// For the first admin, when nobody could do it over the API. Without --remote it changes the local database of `npm run dev`.
import { command, run } from '../tools.mjs'

const [act, email = '', ...options] = process.argv.slice(2)
const roles = { grant: 'admin', revoke: 'user' }
const role = Object.hasOwn(roles, act ?? '') ? roles[act] : undefined
const unknown = options.filter(
  (option, i) =>
    !/^--(?:remote|env|persist-to)(?:=|$)/.test(option) &&
    !/^--(?:env|persist-to)$/.test(options[i - 1] ?? ''),
)
if (!role || !/^[^\s'"\\;]{1,64}@[^\s'"\\;]{1,190}$/.test(email) || unknown.length > 0) {
  console.error(
    'Usage: npm run admin -- grant|revoke ann@example.com [--remote] [--persist-to DIR]',
  )
  process.exit(2)
}

/** As SQLite writes it; the address has no quote, see above, and is doubled all the same. */
const key = `'${email.normalize('NFC').toLowerCase().replaceAll("'", "''")}'`
const sql = [
  `insert into events (user_id, type, at) select id, 'role_changed', ${Date.now()} from users where email_key = ${key} and role <> '${role}'`,
  `update users set role = '${role}' where email_key = ${key}`,
  `select id, username, email_verified, is_active from users where email_key = ${key}`,
].join('; ')

const where = options.includes('--remote') ? [] : ['--local']
const { code, output } = await run(
  command('wrangler', [
    'd1',
    'execute',
    'DB',
    ...where,
    ...options,
    '--json',
    '--yes',
    '--command',
    sql,
  ]),
  { env: { CI: '1' } },
)
const start = output.indexOf('[')
if (code !== 0 || start < 0) {
  process.stderr.write(output)
  console.error(
    'The database could not be changed. Has `npm run dev` (or, with --remote, `npm run deploy`) been run once?',
  )
  process.exit(1)
}
const user = JSON.parse(output.slice(start)).at(-1).results[0]
if (!user) {
  console.error(`Nobody has the address ${email}. Register first.`)
  process.exit(1)
}
console.log(
  `${user.username} (id ${user.id}) is ${role === 'admin' ? 'an admin now: sign in again to get the scope' : 'no admin any more'}.`,
)
if (role === 'admin' && !user.email_verified)
  console.log('Note: the address is not verified. Make sure that the account is yours.')
if (!user.is_active) console.log('Note: the account is disabled.')
