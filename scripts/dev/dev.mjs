// `npm run dev`: migrates the local database, runs `wrangler dev` with the given arguments, and
// prints the addresses. APP_ORIGIN follows --port and SERVER_TIMING is on, unless .dev.vars or
// --var sets them.
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { hasWebApp, viteBuild } from '../build/web.mjs'
import { command, must, readDevVars } from '../tools.mjs'
import { developmentConfig } from './configuration.mjs'
import { devLog } from './dev-log.mjs'
import { startOutbox } from './outbox/server.mjs'

const args = process.argv.slice(2)
const port = Number(option('port') ?? 8787)
const origin = `http://localhost:${port}`
const devVars = readDevVars()

/** The value of `--name value` or `--name=value`. */
function option(name) {
  const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`))
  if (at < 0) return undefined
  return args[at].includes('=') ? args[at].slice(name.length + 3) : args[at + 1]
}

function answers(host) {
  return new Promise((done) => {
    const socket = connect({ host, port })
    socket.on('connect', () => done(true) ?? socket.destroy()).on('error', () => done(false))
  })
}

const given = Object.fromEntries(
  args.flatMap((arg, i) => (args[i - 1] === '--var' ? [arg.split(/:(.*)/, 2)] : [])),
)
/** The settings that differ in development, unless .dev.vars or `--var` sets them. */
const defaults = {
  APP_ORIGIN: origin,
  ALLOWED_ORIGINS: 'http://localhost:5173', // Vite's default
  SERVER_TIMING: 'on',
  MAIL_PROVIDER: 'cloudflare',
}
const settings = { ...defaults, ...devVars, ...given }
const defaultVars = Object.entries(defaults)
  .filter(([name]) => !(name in devVars) && !(name in given))
  .flatMap(([name, value]) => ['--var', `${name}:${value}`])

/** A configuration that the caller names is used as it is: without the outbox. */
const isOwn = option('config') === undefined && !args.includes('-c')
const outbox = isOwn ? await startOutbox() : undefined
const configuration = outbox
  ? [...developmentConfig(devVars, port), '--var', `DEV_OUTBOX:${outbox.address}`]
  : []

const paint = (text) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[22m` : text)

async function welcome() {
  const trouble = await fetch(`http://localhost:${port}/ready`)
    .then(async (answer) => (answer.ok ? '' : (await answer.json()).detail))
    .catch((error) => String(error))
  const body =
    '{"username":"ann","email":"ann@example.com","password":"correct horse battery staple"}'
  if (trouble) {
    console.log(
      `\nGatepost is not ready: ${trouble.replace('Gatepost is not configured: ', '')}\nCorrect it in .dev.vars; without that file, npm run dev makes a new one.\n`,
    )
    return
  }
  console.log(`
Gatepost is ready

  Page      ${paint(origin)}
  API docs  ${paint(`${origin}/docs`)}${outbox ? `\n  Mails     ${paint(`${origin}/__dev/mail`)}` : ''}
  Register  curl -i ${origin}/api/users -H 'content-type: application/json' -d '${body}'

Ctrl-C stops it.
`)
}

if ((await Promise.all(['127.0.0.1', '::1'].map(answers))).includes(true)) {
  console.error(`Port ${port} is taken. Stop what uses it, or: npm run dev -- --port ${port + 1}`)
  process.exit(1)
}

const persist = option('persist-to') ? ['--persist-to', option('persist-to')] : []
const migrate = ['d1', 'migrations', 'apply', 'DB', '--local', ...persist]
console.log('Migrating the local database…')
await must('Migrating the local database', command('wrangler', migrate), { env: { CI: '1' } })

console.log('Starting…')
const [file, ...words] = command('wrangler', ['dev', '--show-interactive-dev-session=false'])
const children = [
  spawn(file, [...words, ...configuration, ...defaultVars, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) },
  }),
]
const [server] = children
if (hasWebApp()) {
  const [vite, ...rest] = viteBuild({ watch: true })
  children.push(spawn(vite, rest, { stdio: ['ignore', 'ignore', 'inherit'] }))
}

// The output of wrangler before it is ready (bindings, hints) is shown only when it fails to start.
let before = ''
let ready = false
const format = devLog({
  appOrigin: settings.APP_ORIGIN,
  allowedOrigins: settings.ALLOWED_ORIGINS,
})
for (const stream of [server.stdout, server.stderr]) {
  createInterface({ input: stream }).on('line', (line) => {
    if (ready) {
      const text = format(line)
      if (text !== null) console.log(text)
      return
    }
    before += `${line}\n`
    if (!/Ready on /.test(line)) return
    ready = true
    welcome()
  })
}

let stopping = false
function stop() {
  stopping = true
  for (const child of children) child.kill('SIGTERM')
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
// A signal to npm reaches only the shell between npm and this script: notice that the shell is
// gone.
const parent = process.ppid
setInterval(() => process.ppid !== parent && stop(), 500).unref()

server.on('exit', (code) => {
  if (!ready && !stopping) process.stderr.write(before)
  for (const child of children) child.kill('SIGTERM')
  process.exit(stopping ? 0 : (code ?? 1))
})
