/** The package as npm packs it: self-contained, and of the project's version. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { CLIENT, run } from './app.ts'

const read = (name: string) => readFileSync(`${CLIENT.folder}/${name}`, 'utf8')
const files = readdirSync(CLIENT.folder)
const manifest = JSON.parse(read('package.json'))

/** The modules that a file imports, other than its neighbours. */
const imports = (name: string) =>
  [...read(name).matchAll(/(?:from |import\(|import )["']([^"']+)["']/g)]
    .map(([, module = '']) => module)
    .filter((module) => !module.startsWith('./'))

test('has the version and the licence of the project, and no dependencies', () => {
  const project = JSON.parse(readFileSync('package.json', 'utf8'))
  assert.equal(manifest.version, project.version)
  assert.equal(manifest.license, project.license)
  assert.equal(manifest.sideEffects, false)
  assert.equal(manifest.dependencies, undefined)
})

test('modules and types import nothing but the framework of their adapter', () => {
  for (const name of files.filter((file) => /\.(js|d\.ts)$/.test(file))) {
    const [stem = ''] = name.split('.')
    const allowed = ['react', 'vue'].includes(stem) ? [stem] : []
    const foreign = imports(name).filter((module) => !allowed.includes(module))
    assert.deepEqual(foreign, [], name)
  }
  assert.ok(files.length > 10)
})

test('each export has a module and its types, and the tarball has every file', async () => {
  for (const target of Object.values<string | Record<string, string>>(manifest.exports))
    for (const path of typeof target === 'string' ? [target] : Object.values(target))
      assert.ok(files.includes(path.slice(2)), path)
  const packed = await run('.', 'tar', ['-tzf', CLIENT.tarball])
  const names = packed
    .trim()
    .split('\n')
    .map((path) => path.replace('package/', ''))
  assert.deepEqual(names.sort(), files.sort())
})
