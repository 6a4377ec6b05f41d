// @ts-check
// `npm run bench -- readme`: runs parts and writes their tables into docs/numbers.md, each between
// its markers. `npm run bench -- readme main start` refreshes those alone.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './build.mjs'
import { git } from './revision.mjs'
import { UsageError } from './usage.mjs'

const FILE = 'docs/numbers.md'
export const PARTS = [
  'main',
  'start',
  'load',
  'uploads',
  'export',
  'hash',
  'lists',
  'timing',
  'abuse',
]

/** @param {unknown} _options @param {string[]} names the parts, all by default */
export async function readme(_options, names) {
  const unknown = names.filter((name) => !PARTS.includes(name))
  if (unknown.length > 0)
    throw new UsageError(`Unknown part ${unknown.join(', ')}. Use: ${PARTS.join(', ')}.`)
  const wanted = names.length > 0 ? names : PARTS
  replaceSections(
    readFileSync(join(ROOT, FILE), 'utf8'),
    wanted.map((name) => [name, '']),
  )
  for (const name of wanted) {
    process.stderr.write(`${name} …\n`)
    const output = await outputOf(name)
    const text = `${provenance()}\n\n${demoted(output)}`
    const file = join(ROOT, FILE)
    writeFileSync(file, replaceSections(readFileSync(file, 'utf8'), [[name, text]]))
  }
  process.stderr.write(`${FILE} is up to date: ${wanted.join(', ')}.\n`)
}

/**
 * Runs a part in a process of its own and returns its tables.
 * @param {string} name
 * @returns {Promise<string>}
 */
function outputOf(name) {
  const args = [join(ROOT, 'bench', 'run.mjs'), name]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', (code) =>
      code === 0 ? done(output.trim()) : fail(new Error(`The part ${name} failed (${code}).`)),
    )
  })
}

/** Headings of a part stand below that of its section. @param {string} text */
const demoted = (text) => text.replace(/^##/gm, '###')

/** One line with date, commit and machine of a measurement. */
function provenance() {
  const date = new Date().toISOString().slice(0, 10)
  const changed = git('status', '--porcelain', '--', 'src', 'migrations', 'wrangler.toml') !== ''
  const commit = `${git('rev-parse', '--short=9', 'HEAD')}${changed ? ' with changes' : ''}`
  const { version } = createRequire(import.meta.url)('workerd/package.json')
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}`
  return `Measured on ${date} at ${commit}, ${machine}, workerd ${version}, Node ${process.version}.`
}

/**
 * Replaces the text between the markers of sections.
 * @param {string} document
 * @param {[name: string, text: string][]} sections
 * @throws an Error that names the markers a section lacks
 */
export function replaceSections(document, sections) {
  return sections.reduce((text, [name, content]) => {
    const [open, close] = [`<!-- bench ${name} -->`, `<!-- /bench ${name} -->`]
    const [start, end] = [text.indexOf(open), text.indexOf(close)]
    if (start === -1 || end < start)
      throw new Error(`${FILE} lacks the markers of ${name}: add ${open} and ${close}.`)
    return `${text.slice(0, start + open.length)}\n${content}\n${text.slice(end)}`
  }, document)
}
