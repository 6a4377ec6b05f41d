// Every regular expression of the service and its pages is linear or bounded (ReDoS), as `recheck`
// proves.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseSync, Visitor } from 'vite'
import { expect, it } from 'vitest'
import { regexes } from 'zod'
import * as base64url from '../../src/security/base64url'

/** The same program in machine code takes a fifth of the time; npm has it for some platforms. */
function hasNative(): boolean {
  const os = { linux: 'linux', darwin: 'macos', win32: 'windows' }[process.platform as string]
  try {
    createRequire(import.meta.url).resolve(`recheck-${os}-${process.arch}/package.json`)
    return true
  } catch {
    return false
  }
}
process.env.RECHECK_BACKEND = hasNative() ? 'native' : 'pure' // no Java
const { check } = await import('recheck')

/** A proof takes 0.1 s. On a busy machine it takes its time, and a timeout would prove nothing. */
const BUSY_MS = 60_000

interface Found {
  where: string
  source: string
  flags: string
}

const known: Record<string, string> = { ...base64url }

/** Every literal, and what `new RegExp` makes of a template once its constants are put in. */
function expressionsOf(file: string): Found[] {
  const found: Found[] = []
  const code = readFileSync(file, 'utf8')
  const add = (start: number, source: string, flags: string) =>
    found.push({ where: `${file}:${code.slice(0, start).split('\n').length}`, source, flags })
  new Visitor({
    Literal(node) {
      if ('regex' in node) add(node.start, node.regex.pattern, node.regex.flags)
    },
    NewExpression({ start, callee, arguments: [first] }) {
      if (callee.type !== 'Identifier' || callee.name !== 'RegExp') return
      if (first?.type !== 'TemplateLiteral')
        throw new Error(`${file}: what does this RegExp match?`)
      const source = first.quasis.map(({ value }, i) => {
        const hole = first.expressions[i]
        return (
          value.cooked + (hole?.type === 'Identifier' ? (known[hole.name] ?? 'x') : hole ? 'x' : '')
        )
      })
      add(start, source.join(''), '')
    },
  }).visit(parseSync(file, code).program)
  return found
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts') && !file.endsWith('-list.ts'))
  .map((file) => join('src', file))
const all = files.flatMap(expressionsOf)
const email = { where: 'zod', source: regexes.email.source, flags: regexes.email.flags }
const distinct = [...new Map([...all, email].map((r) => [`/${r.source}/${r.flags}`, r]))]

it('finds the expressions', () => expect(distinct.length).toBeGreaterThan(30))

it.each(distinct)(
  '%s is safe',
  async (_, { where, source, flags }) => {
    const { status } = await check(source, flags, { timeout: BUSY_MS, randomSeed: 1 })
    expect([where, status]).toEqual([where, 'safe'])
  },
  2 * BUSY_MS,
)
