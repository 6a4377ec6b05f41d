// Runs the project's command-line tools with the Node that runs this script, on any platform,
// without a shell.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'

/** The folder of the project. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/**
 * The names of the secrets that a deployment may have, read from their type declaration.
 * @returns {string[]}
 */
export function optionalSecrets() {
  const types = readFileSync(join(root, 'src/optional-secrets.d.ts'), 'utf8')
  return [...types.matchAll(/^ {2}(\w+)\?: string$/gm)].map(([, name = '']) => name)
}

/**
 * The settings and secrets of `npm run dev`; none if .dev.vars is missing.
 * @returns {Record<string, string | undefined>}
 */
export function readDevVars() {
  const path = join(root, '.dev.vars')
  return existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {}
}

/**
 * The command line of a tool: `command('wrangler', ['dev'])` → Node's own path, then its arguments.
 */
export function command(tool, args = []) {
  const packages = { biome: '@biomejs/biome', redocly: '@redocly/cli', tsc: 'typescript' }
  const folder = join(root, 'node_modules', packages[tool] ?? tool)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return [process.execPath, join(folder, typeof bin === 'string' ? bin : bin[tool]), ...args]
}

/**
 * Runs a command to its end and collects what it prints.
 * @param {string[]} commandLine
 * @param {{ env?: Record<string, string | undefined>, show?: boolean, minutes?: number,
 *   signal?: AbortSignal | undefined }} [options]
 *   `signal` ends the command with SIGTERM.
 * @returns {Promise<{ code: number, output: string }>} code 1 also when it could not be started or
 *   took too long
 */
export function run(
  [file = '', ...args],
  { env = {}, show = false, minutes = 12, signal, onMessage } = {},
) {
  return new Promise((done) => {
    const child = spawn(file, args, {
      cwd: root,
      timeout: minutes * 60_000,
      signal,
      env: { ...process.env, ...(show ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined }), ...env },
      stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe', ...(onMessage ? ['ipc'] : [])],
    })
    if (onMessage) child.on('message', onMessage)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text
      })
    child.on('error', (error) => done({ code: 1, output: `${output}${error.message}\n` }))
    child.on('close', (code) => done({ code: code ?? 1, output }))
  })
}

/** Runs a command whose failure ends this script, with what it printed. */
export async function must(what, commandLine, options) {
  const { code, output } = await run(commandLine, options)
  if (code === 0) return output
  process.stderr.write(`${output}\n${what} failed.\n`)
  process.exit(1)
}
