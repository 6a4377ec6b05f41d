/**
 * Runs the commands of a Markdown page's `console` blocks in a shell, against the built Worker, and
 * renders the page with the responses that they printed.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { bundleEntry } from '../../bench/build.mjs'
import { start } from '../../bench/server.mjs'

/** The headers that a page shows; the others are left out. */
const SHOWN = ['Allow', 'ETag', 'Location', 'Retry-After', 'Set-Cookie', 'WWW-Authenticate']
const WIDTH = 100

let bundle: Promise<string> | undefined
/** The built Worker, the same for all pages. */
const bundled = () => (bundle ??= bundleEntry('src/index.ts', 'gatepost-pages'))

/** The page with the output of each command replaced by that of this run. */
export async function renderPage(page: string): Promise<string> {
  const links: string[] = []
  const { url, stop } = await start(await bundled(), {
    bindings: { APP_ORIGIN: 'http://localhost:8787' },
    cf: { city: 'Vienna', country: 'AT' },
    onLog: ({ message }: { message: string }) => {
      links.push(...(/#token=([\w-]+)/.exec(message)?.slice(1) ?? []))
    },
  })
  const shell = openShell(url.host)
  const alike = normalizer()
  try {
    let rendered = ''
    for (const part of readFileSync(page, 'utf8').split(/(?<=^```console\n)|(?=^```$)/m)) {
      const isConsole = rendered.endsWith('```console\n')
      rendered += isConsole ? await runBlock(part) : part
    }
    return rendered
  } finally {
    shell.close()
    await stop()
  }

  async function runBlock(block: string): Promise<string> {
    let shown = ''
    for (const command of commandsOf(block)) {
      const before = links.length
      const output = await shell.run(command)
      // A 202 means that a mail with a link follows the response.
      while (output.startsWith('HTTP/1.1 202') && links.length === before) await setTimeout(20)
      await shell.run(`LINK=${links.at(-1)}`)
      shown += `$ ${command}\n${show(alike(output))}`
    }
    return shown
  }
}

/** The commands of a block: lines after `$ `, continued where one ends with `\` or `|`. */
function commandsOf(block: string): string[] {
  return [...block.matchAll(/^\$ ((?:.*[\\|]\n)*.*)$/gm)].map(([, command = '']) => command)
}

/** A Bash whose `curl` sends what is for http://localhost:8787 to the Worker. */
function openShell(host: string) {
  const folder = mkdtempSync(join(tmpdir(), 'gatepost-'))
  const child = spawn('bash', ['--noprofile', '--norc'], { cwd: folder })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
      end?.()
    })
  let end: (() => void) | undefined
  child.on('exit', (code) => {
    output += `(bash ended with ${code})\n${END}`
    end?.()
  })
  child.stdin.write(`curl() { command curl -sS --connect-to localhost:8787:${host} "$@"; }\n`)
  return {
    run(command: string): Promise<string> {
      output = ''
      child.stdin.write(`${command}\nprintf '${END}'\n`)
      return new Promise((done) => {
        end = () => output.endsWith(END) && done(output.slice(0, -END.length))
        end()
      })
    },
    close() {
      child.kill()
      rmSync(folder, { recursive: true })
    },
  }
}
const END = '\u0004'

/** An output of curl with JSON in lines of at most 100 columns and the shown headers only. */
function show(output: string): string {
  if (output.trim() === '') return ''
  const [head = '', body = ''] = output.startsWith('HTTP/')
    ? output.replaceAll('\r', '').split(/\n\n(.*)/s)
    : ['', output]
  const [status, ...headers] = head.split('\n')
  const shown = headers.filter((line) => SHOWN.some((name) => line.startsWith(`${name}: `)))
  const lines = status ? [status, ...shown.sort()] : []
  if (body.trim()) lines.push(...(status ? [''] : []), foldJson(body.trim()))
  return `${lines.join('\n')}\n`
}

/** JSON with a member or element a line where it does not fit in one line. Other texts stay. */
function foldJson(text: string): string {
  try {
    return fold(JSON.parse(text), 0)
  } catch {
    return text
  }
}

function fold(value: unknown, depth: number): string {
  const inline = JSON.stringify(value)
  if (inline.length + depth <= WIDTH || typeof value !== 'object' || value === null) return inline
  const indent = ' '.repeat(depth + 2)
  const items = Array.isArray(value)
    ? value.map((item) => indent + fold(item, depth + 2))
    : Object.entries(value).map(([k, v]) => `${indent}${JSON.stringify(k)}: ${fold(v, depth + 2)}`)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${items.join(',\n')}\n${' '.repeat(depth)}${close}`
}

/** Session ids of a page, in the order of their first appearance. */
const SESSIONS = [
  'qFi15GzaoycSucdlqnaZYQ',
  'oE_cq7VgAO-UcDrsihbqWQ',
  'rnmJUkiRJX8kdZx-RItKUA',
  'vguFmRjlNbLZmGirTV56QQ',
  'b0Tn2cWq8yXk4LrZ1sHdEg',
]

const DAY_MS = 24 * 60 * 60 * 1000

/** 27 November 2026 for today, and as many months of 30 days later for a later day. */
function madeUpDay(day: string): string {
  const months = Math.round((Date.parse(day) - Date.now()) / (30 * DAY_MS))
  return new Date(Date.UTC(2026, 10, 27) + months * 30 * DAY_MS).toISOString().slice(0, 10)
}

/** Replaces what differs from run to run: times, session ids, tokens and request ids. */
function normalizer() {
  const sessions: string[] = []
  const session = (id: string) => {
    if (!sessions.includes(id)) sessions.push(id)
    return SESSIONS[sessions.indexOf(id)] ?? `session ${sessions.indexOf(id)}`
  }
  return (text: string) =>
    text
      .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'eyJhbGciOiJIUzI1NiIs…')
      .replace(/([\w-]{22})\.(\d+)\.[\w-]{43}/g, (_, id, n) => `${session(id)}.${n}.…`)
      .replace(/"((?:session_)?id)":"([\w-]{22})"/g, (_, name, id) => `"${name}":"${session(id)}"`)
      .replace(/"next_cursor":"[\w-]+"/g, '"next_cursor":"CGovLpQcni4l…"')
      .replace(/\d{4}-\d\d-\d\dT00:00:00\.000Z/g, (day) => `${madeUpDay(day)}T00:00:00.000Z`)
      .replace(/\d{4}-\d\d-\d\dT(?!00:00:00\.000Z)[\d:.]{12}Z/g, '2026-11-27T09:30:00.000Z')
      .replace(/curl\/[\d.]+/g, 'curl/8.5.0')
      .replace(/[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/g, '591a8943-2982-40f5-bde4-325254d6c4e7')
}
