/** Applies docs/extend.md to a copy of the project, and tests the example there. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { LIMIT, newFolder, run } from './app.ts'

const EXAMPLE = 'examples/tasks'
const guide = readFileSync('docs/extend.md', 'utf8')

/** The fenced blocks of the guide in a language. */
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block = '']) => block,
  )

const sources = ['src/db', 'src/tasks'].flatMap((folder) =>
  readdirSync(join(EXAMPLE, folder)).map((name) => join(EXAMPLE, folder, name)),
)

test('the code of docs/extend.md is the code of the example', () => {
  const code = sources.map((file) => readFileSync(file, 'utf8'))
  const blocksOfCode = blocks('ts')
  assert.ok(blocksOfCode.length > 5)
  for (const block of blocksOfCode)
    assert.ok(
      code.some((text) => text.includes(block)),
      `No file of the example has\n${block}`,
    )
})

/** Files that git tracks, or would track. */
const tracked = async () =>
  (await run('.', 'git', ['ls-files', '-co', '--exclude-standard'])).split('\n').filter(existsSync)

/** A copy of the project with the packages and the generated files of this one. */
async function copyProject(): Promise<string> {
  const copy = newFolder()
  const generated = [
    'src/security/argon2/kernel.wasm',
    'src/security/argon2/blake2b.wasm',
    'src/security/argon2/hash-wasm-argon2.wasm',
    'src/security/common-passwords-list.ts',
    'dist/web',
  ]
  for (const file of [...(await tracked()), ...generated])
    cpSync(file, join(copy, file), { recursive: true })
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
  return copy
}

/** Applies a block of the guide: its first line names the file, `-` and `+` lines the change. */
function apply(copy: string, diff: string) {
  const [header = '', ...lines] = diff.trimEnd().split('\n')
  const file = join(copy, header.replace('+++ ', ''))
  const text = (marks: string) =>
    lines.flatMap((line) => (marks.includes(line.charAt(0)) ? [`${line.slice(1)}\n`] : [])).join('')
  const parts = readFileSync(file, 'utf8').split(text(' -'))
  assert.equal(parts.length, 2, `${header} has these lines once:\n${text(' -')}`)
  writeFileSync(file, parts.join(text(' +')))
}

test(
  'the example, mounted as docs/extend.md says, passes style, types and tests',
  LIMIT,
  async (t) => {
    const copy = await copyProject()
    for (const folder of ['src', 'test'])
      cpSync(join(EXAMPLE, folder), join(copy, folder), { recursive: true })
    for (const diff of blocks('diff')) apply(copy, diff)
    const tool = (name: string, ...args: string[]) =>
      run(copy, process.execPath, [join(copy, 'node_modules', name), ...args])

    await t.test('the migration is generated', async () => {
      await tool('drizzle-kit/bin.cjs', 'generate', '--name', 'tasks')
      const name = readdirSync(join(copy, 'migrations')).find((file) => file.endsWith('_tasks.sql'))
      assert.match(
        readFileSync(join(copy, 'migrations', String(name)), 'utf8'),
        /CREATE TABLE `tasks`/,
      )
    })
    await t.test('style and boundaries', async () => {
      await tool(
        '@biomejs/biome/bin/biome',
        'check',
        '--vcs-enabled=false',
        'src/tasks',
        'src/app.ts',
      )
    })
    await t.test('types', async () => {
      await tool('typescript/bin/tsc', '--noEmit')
    })
    await t.test('tests, and dead tokens at its routes', async () => {
      const tests = ['test/tasks', 'test/sessions/dead-tokens.test.ts']
      await tool('vitest/vitest.mjs', 'run', '--project', 'workers', ...tests)
    })
    await t.test('the types of the client have its routes', async () => {
      await run(copy, process.execPath, ['scripts/build/client-types.mjs'])
      assert.match(readFileSync(join(copy, 'src/client/api.ts'), 'utf8'), /\/api\/tasks/)
    })
  },
)
