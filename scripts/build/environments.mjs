// @ts-check
// Part of `npm run types`. `[env.staging]` and `[previews]` of wrangler.toml inherit neither
// bindings nor vars nor secrets from the top level. This adds what they lack: a binding with a
// database, bucket and counters of its own, a var with the same value. Existing
// entries stay. With --check it changes nothing, and fails when something is missing.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../tools.mjs'

/**
 * @typedef {{ table: string, isList: boolean, lines: string[] }} Block `lines` without the header
 */
/**
 * @typedef {object} Target
 * @property {string} prefix of its tables
 * @property {string} suffix of its resources' names
 * @property {number} counters offset of its rate limit namespaces: equal ones count together
 * @property {string[]} skips tables that it inherits, or cannot have
 */

/** @type {Target[]} */
const TARGETS = [
  {
    prefix: 'env.staging',
    suffix: '-staging',
    counters: 1000,
    skips: ['alias', 'assets', 'build', 'dev', 'limits', 'observability', 'placement', 'triggers'],
  },
  {
    prefix: 'previews',
    suffix: '-preview',
    counters: 2000,
    // Their secrets are put once: npx wrangler preview base-config secret put JWT_SECRET
    skips: ['alias', 'assets', 'build', 'dev', 'placement', 'secrets', 'triggers'],
  },
]

const HEADER = /^(\[\[?)([\w.]+)\]\]?/

/**
 * @param {string} toml
 * @returns {Block[]} the first one holds what precedes all headers
 */
function parse(toml) {
  /** @type {Block[]} */
  const blocks = [{ table: '', isList: false, lines: [] }]
  for (const line of toml.split('\n')) {
    const [, bracket, table = ''] = HEADER.exec(line) ?? []
    if (bracket) blocks.push({ table, isList: bracket === '[[', lines: [] })
    else blocks.at(-1)?.lines.push(line)
  }
  return blocks
}

const keyOf = (/** @type {string} */ line) => /^(\w+)\s*=/.exec(line)?.[1]

/** A key and its value on one line, without the comment behind it. */
const SETTING = /^\w+\s*=\s*(?:"[^"]*"|'[^']*'|\[.*\]|\{.*\}|[^#\s]+)/

/** The lines with a value. */
const settings = (/** @type {Block} */ { lines }) =>
  lines.flatMap((line) => SETTING.exec(line)?.[0] ?? [])

/** The key of an entry of a list: the name under which the Worker sees the binding. */
const nameOf = (/** @type {Block} */ block) =>
  settings(block).find((line) => /^(?:binding|name)\s*=/.test(line))

/**
 * The line with names and counters of the target's own.
 * @param {string} line
 * @param {Target} target
 */
function adapt(line, { suffix, counters }) {
  const key = keyOf(line) ?? ''
  if (['database_name', 'preview_database_id', 'bucket_name', 'dataset'].includes(key))
    return line.replace(/"([^"]*)"/, `"$1${suffix}"`)
  if (key === 'namespace_id')
    return line.replace(/"(\d+)"/, (_, id) => `"${Number(id) + counters}"`)
  return line
}

/**
 * wrangler.toml with what staging and previews lack.
 * @param {string} toml
 */
export function completed(toml) {
  const blocks = parse(toml)
  const top = blocks.filter(({ table }) => table !== '' && !/^(?:env|previews)\b/.test(table))
  for (const target of TARGETS)
    for (const block of top.filter(({ table }) => !target.skips.includes(table)))
      complete(blocks, block, target)
  return blocks.map(print).join('\n')
}

const print = (/** @type {Block} */ { table, isList, lines }, /** @type {number} */ at) =>
  at === 0 ? lines.join('\n') : [isList ? `[[${table}]]` : `[${table}]`, ...lines].join('\n')

/**
 * @param {Block[]} blocks
 * @param {Block} model of the top level
 * @param {Target} target
 */
function complete(blocks, model, target) {
  const table = `${target.prefix}.${model.table}`
  const lines = settings(model).map((line) => adapt(line, target))
  const same = blocks.find(
    (block) => block.table === table && (!model.isList || nameOf(block) === nameOf(model)),
  )
  if (!same) {
    const last = blocks.findLastIndex((block) => block.table.startsWith(target.prefix))
    const at = last < 0 ? blocks.length : last + 1
    blocks.splice(at, 0, { table, isList: model.isList, lines: [...lines, ''] })
    return
  }
  if (model.isList) return
  const present = settings(same).map(keyOf)
  const missing = lines.filter((line) => !present.includes(keyOf(line)))
  const end = same.lines.findLastIndex((line) => keyOf(line)) + 1
  same.lines.splice(end, 0, ...missing)
}

function main() {
  const file = join(root, 'wrangler.toml')
  const toml = readFileSync(file, 'utf8')
  const whole = completed(toml)
  if (whole === toml) return
  if (!process.argv.includes('--check')) return writeFileSync(file, whole)
  console.error('[env.staging] or [previews] lack something of the top level: npm run types')
  process.exitCode = 1
}

if (import.meta.url === pathToFileURL(String(process.argv[1])).href) main()
