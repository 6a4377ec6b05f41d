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

/** Node imports WebAssembly modules in another way, and describing the API hashes nothing. */
const withoutWasm = {
  name: 'without-wasm',
  enforce: 'pre',
  load: (id) => (id.endsWith('.wasm') ? 'export default undefined' : null),
}

/** Bundles src for Node, imports it and returns the document as JSON. */
export async function makeDocument() {
  const outDir = join(root, `dist/document-${process.pid}`)
  const entry = join(root, 'scripts/build/document-entry.ts')
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      publicDir: false,
      plugins: [withoutWasm],
      build: {
        ssr: entry,
        outDir,
        minify: false,
        rolldownOptions: { output: { entryFileNames: 'document.mjs' } },
      },
    })
    const { document } = await import(pathToFileURL(join(outDir, 'document.mjs')).href)
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

if (import.meta.url === pathToFileURL(process.argv[1]).href) await writeDocument()
