// Builds every static file into dist/web: the web app (Vite), the API reference (Swagger UI), and
// their headers. `npm run build:web`; with --if-stale it does nothing while no source is newer than
// the last build.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { command, must } from '../tools.mjs'
import { buildDocs } from './docs/build.mjs'
import { writeDocument } from './document.mjs'
import { headersFile } from './static-headers.mjs'

const folder = 'dist/web'
const last = join(folder, '_headers') // written last: its time is the time of the build
const sources = ['src/web', 'src/client', 'package-lock.json', 'scripts/build/docs'].concat(
  ['web', 'static-headers'].map((name) => `scripts/build/${name}.mjs`),
)

const empty = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <title>Gatepost</title>
  <h1>Gatepost</h1>
  <p><a href="/docs">API reference</a></p>
</html>
`

/** Does src/web hold an app to build? */
export const hasWebApp = () => existsSync('src/web/vite.config.ts')

/**
 * Vite's command line; `watch` rebuilds on every change and leaves the other files of dist/web
 * alone.
 */
export function viteBuild({ watch = false } = {}) {
  const how = watch ? ['--watch', '--emptyOutDir=false'] : ['--emptyOutDir']
  const where = ['--config', 'src/web/vite.config.ts', '--outDir', '../../dist/web']
  return command('vite', ['build', 'src/web', ...where, '--logLevel', 'warn', ...how])
}

function newest(path) {
  if (!existsSync(path)) return 0
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** Builds dist/web, or with `ifStale` only when a source is newer. Calls `onBuild` before. */
export async function buildWeb({ ifStale = false, onBuild = () => {} } = {}) {
  if (ifStale && existsSync(last) && Math.max(...sources.map(newest)) < newest(last)) return
  onBuild()
  mkdirSync(folder, { recursive: true })
  if (hasWebApp()) await must('Building the web app', viteBuild())
  else writeFileSync(join(folder, 'index.html'), empty)
  buildDocs(folder)
  await writeDocument()
  const assets = join(folder, 'assets')
  writeFileSync(last, headersFile(existsSync(assets) ? readdirSync(assets) : []))
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  await buildWeb({ ifStale: process.argv.includes('--if-stale') })
