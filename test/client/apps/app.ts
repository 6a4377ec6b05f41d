/** Apps of another origin: made from a folder, built with the packed client, served and opened. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'

/** Set by scripts/dev/test-client.mjs, which builds the client and starts the service. */
function setting(name: string): string {
  const value = process.env[name]
  assert.ok(value, `${name} is missing: run npm run test:client`)
  return value
}
export const ORIGIN = setting('GATEPOST_ORIGIN')
export const LISTED_ORIGIN = setting('GATEPOST_LISTED_ORIGIN')
export const UNLISTED_ORIGIN = setting('GATEPOST_UNLISTED_ORIGIN')
/** Listed too, and of another site than the API: the cookie does not reach it. */
export const OTHER_SITE = setting('GATEPOST_OTHER_SITE')
/** The package as a folder, and packed. */
export const CLIENT = {
  folder: resolve('dist/client'),
  tarball: resolve('dist/gatepost-client.tgz'),
}

const MINUTE = 60_000
export const LIMIT = { timeout: 5 * MINUTE }

/** Without what npm tells the scripts of this project, which is not about the app. */
const cleanEnv = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/i.test(name)),
  )

/** Runs a program in a folder to its end. Its failure is the test's, with what it printed. */
export function run(folder: string, program: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  return new Promise<string>((done, fail) => {
    const options = { cwd: folder, timeout: 3 * MINUTE, env: { ...cleanEnv(), ...env } }
    execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) return done(stdout)
      fail(new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`))
    })
  })
}
const npmCli = process.env.npm_execpath
export const npm = (folder: string, ...args: string[]) =>
  npmCli ? run(folder, process.execPath, [npmCli, ...args]) : run(folder, 'npm', args)

/** Runs a tool that an app has installed. */
export const tool = (folder: string, name: string, ...args: string[]) =>
  run(folder, join(folder, 'node_modules/.bin', name), args)

/** A folder that is gone after the tests. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatepost-app-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A copy of an example that installs the packed client. */
export async function installExample(name: string): Promise<string> {
  const folder = newFolder()
  cpSync(`examples/${name}`, folder, { recursive: true })
  const manifest = join(folder, 'package.json')
  const text = readFileSync(manifest, 'utf8')
  writeFileSync(manifest, text.replace('../../dist/gatepost-client.tgz', CLIENT.tarball))
  await npm(folder, 'install')
  return folder
}

export const buildApp = (folder: string) =>
  run(folder, join(folder, 'node_modules/.bin/vite'), ['build'], { VITE_GATEPOST_ORIGIN: ORIGIN })

const TYPES: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
}

/** Serves what `vite build` made, at an origin of this machine. */
export async function serveApp(folder: string, origin: string) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', origin)
    const file = join(folder, 'dist', pathname === '/' ? 'index.html' : pathname)
    if (!existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
    response.end(readFileSync(file))
  })
  await new Promise<void>((done) => server.listen(Number(new URL(origin).port), 'localhost', done))
  return async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}
