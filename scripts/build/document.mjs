// Makes the API document from the endpoints in src, and writes it to the static files, from where
// the Worker serves it. wrangler runs this before it bundles (`[build]` in wrangler.toml), Vitest
// before the tests, and the build of the static files with them: the document is never older than
// the code.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import { root } from '../tools.mjs'

const target = join(root, 'dist/web/openapi.json')

/** Node imports WebAssembly modules in another way, and the document needs none of them. */
const withoutWasm = {
  name: 'without-wasm',
  enforce: 'pre',
  load: (id) => (id.endsWith('.wasm') ? 'export default undefined' : null),
}

/** The sources do not compile. */
class NotBundled extends Error {}

/** Bundles src into a module of Node. */
async function bundle(outDir) {
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'silent',
      publicDir: false,
      plugins: [withoutWasm],
      build: {
        ssr: join(root, 'scripts/build/document-entry.ts'),
        outDir,
        minify: false,
        rolldownOptions: { output: { entryFileNames: 'document.mjs' } },
      },
    })
  } catch (error) {
    throw new NotBundled(error.message, { cause: error })
  }
  return join(outDir, 'document.mjs')
}

/** Imports the endpoints of src and returns the document as JSON. */
export async function makeDocument() {
  const outDir = join(root, `dist/document-${process.pid}`)
  try {
    const { document } = await import(pathToFileURL(await bundle(outDir)).href)
    return document
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

/** Writes the document unless the file has it. A reader never sees half of it. */
export async function writeDocument() {
  const document = await makeDocument()
  if (existsSync(target) && readFileSync(target, 'utf8') === document) return
  mkdirSync(dirname(target), { recursive: true })
  const copy = `${target}.${process.pid}`
  writeFileSync(copy, document)
  renameSync(copy, target)
}

async function main() {
  try {
    await writeDocument()
  } catch (error) {
    rmSync(target, { force: true }) // the document of former sources would be wrong
    // wrangler bundles the same sources next, fails as well and prints the position of the error.
    if (error instanceof NotBundled) console.error('The API document is not made: src has errors.')
    else throw error
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main()
