// The Markdown files: their links, the paths and scripts that they name, their sizes, and what they
// must list completely.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { getTableName, is } from 'drizzle-orm'
import { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { draw } from '../../scripts/build/diagrams.mjs'
import { optionalSecrets } from '../../scripts/tools.mjs'
import * as schema from '../../src/db/schema'
import * as credentials from '../../src/db/schema-credentials'
import * as jobs from '../../src/db/schema-jobs'

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file && existsSync(file))

const read = (file: string) => readFileSync(file, 'utf8')
/** A document without its fenced code blocks. */
const prose = (file: string) => read(file).replace(/^```[\s\S]*?^```/gm, '')

/** The fragment that GitHub gives a heading. */
const fragment = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-')

const fragments = (file: string) =>
  [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => fragment(heading))

/** The link targets in a document that are no addresses of the web. */
const links = (file: string) =>
  [...prose(file).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)]
    .map(([, markdown, html]) => markdown ?? html ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))

/** Whether a link of `file` leads to a file of the repository, and to a heading of it. */
function resolves(file: string, link: string): boolean {
  const [path = '', heading] = link.split('#')
  const target = path ? normalize(join(dirname(file), path)) : file
  if (!existsSync(target)) return false
  return heading === undefined || fragments(target).includes(heading)
}

/** Paths in code spans, such as `test/posts/search.test.ts`; no patterns, no made-up names. */
const paths = (file: string) =>
  [
    ...prose(file).matchAll(/`((?:test|src|scripts|bench|docs|examples|migrations)\/[\w./-]*)`/g),
  ].map(([, path = '']) => path)

const scripts: string[] = Object.keys(JSON.parse(read('package.json')).scripts)
const commands = (file: string) =>
  [...read(file).matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name = '']) => name)

describe('every Markdown file', () => {
  it('has links that resolve', () => {
    const broken = files.flatMap((file) =>
      links(file)
        .filter((link) => !resolves(file, link))
        .map((link) => `${file}: ${link}`),
    )
    expect(broken).toEqual([])
  })

  it('names paths that exist, or that examples/tasks adds', () => {
    const isThere = (path: string) => existsSync(path) || existsSync(join('examples/tasks', path))
    const missing = files.flatMap((file) =>
      paths(file)
        .filter((path) => !isThere(path))
        .map((path) => `${file}: ${path}`),
    )
    expect(missing).toEqual([])
  })

  it('names scripts of package.json', () => {
    const isProject = (file: string) => !file.startsWith('examples/')
    const unknown = files.filter(isProject).flatMap((file) =>
      commands(file)
        .filter((name) => !scripts.includes(name))
        .map((name) => `${file}: npm run ${name}`),
    )
    expect(unknown).toEqual([])
  })
})

it('every script of package.json is in a document', () => {
  const hooks = ['postinstall', 'predev']
  const documented = [...files.flatMap(commands), 'test']
  expect(scripts.filter((name) => ![...hooks, ...documented].includes(name))).toEqual([])
})

it('README.md has at most 9 KB', () => {
  expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(9000)
})

it('docs/settings.md has every variable with its default, every secret and every edge limit', () => {
  const { vars, ratelimits } = unstable_readConfig({ config: 'wrangler.toml' })
  const documented = read('docs/settings.md')
  for (const [name, value] of Object.entries(vars))
    expect(documented).toContain(`| \`${name}\` | ${value ? `\`${value}\`` : 'empty'} |`)
  for (const { name, simple } of ratelimits)
    expect(documented).toContain(`| \`${name}\` | ${simple.limit} |`)
  for (const name of ['JWT_SECRET', ...optionalSecrets()])
    expect(documented).toContain(`| \`${name}\` |`)
})

it('docs/architecture.md has every file and folder of src', () => {
  const entries = readdirSync('src', { withFileTypes: true })
  const names = entries
    .filter(({ name }) => !name.endsWith('.d.ts'))
    .map((entry) => (entry.isDirectory() ? `src/${entry.name}/` : `src/${entry.name}`))
  const [, map = ''] = read('docs/architecture.md').split('## The map')
  expect(names.filter((name) => !map.includes(`\`${name}\``))).toEqual([])
})

it('docs/data-model.md has every table', () => {
  const tables = [schema, credentials, jobs].flatMap((tables) =>
    Object.values(tables).flatMap((table) => (is(table, SQLiteTable) ? getTableName(table) : [])),
  )
  expect(tables.length).toBeGreaterThan(10)
  const missing = tables.filter((name) => !read('docs/data-model.md').includes(`| \`${name}\` |`))
  expect(missing).toEqual([])
})

it('docs/diagrams has the pictures that npm run build:diagrams draws', async () => {
  const drawn = await draw()
  expect(drawn.length).toBeGreaterThan(0)
  for (const { path, svg } of drawn) expect(read(path), path).toBe(svg)
})

it.each(['docs', 'docs/decisions'])('%s/README.md leads to every page beside it', (folder) => {
  const index = links(`${folder}/README.md`).map((link) => normalize(join(folder, link)))
  const pages = files.filter((file) => dirname(file) === folder && !file.endsWith('README.md'))
  expect(pages.length).toBeGreaterThan(0)
  expect(pages.filter((file) => !index.includes(file))).toEqual([])
})

it('docs/README.md has a glossary of at most 15 words', () => {
  const [, glossary = ''] = read('docs/README.md').split('## Glossary')
  const words = [...glossary.matchAll(/^\| (?!Word )[a-z]/gim)]
  expect(words.length).toBeGreaterThan(0)
  expect(words.length).toBeLessThanOrEqual(15)
})
