// @ts-check
// Builds the two Workers of the benchmark as `wrangler deploy` uploads them, and sizes the parts of
// Gatepost's bundle.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { command, must } from '../scripts/tools.mjs'

export const ROOT = join(import.meta.dirname, '..')
/** The folder of everything that the benchmark builds; git ignores it. */
export const OUT = join(ROOT, 'dist', 'bench')

/**
 * Bundles a Worker, minified as for a deployment, and returns the folder of its modules.
 * @param {string} name
 * @param {string[]} args
 */
async function bundle(name, args) {
  const out = join(OUT, name)
  rmSync(out, { recursive: true, force: true })
  const dryRun = ['deploy', '--dry-run', '--outdir', out, '--metafile', '--minify', ...args]
  await must(`Building ${name}`, command('wrangler', dryRun), {
    env: { WRANGLER_LOG: 'error', WRANGLER_HIDE_BANNER: 'true' },
  })
  return out
}

/**
 * Bundles an entry module of its own, with the settings of Gatepost's wrangler.toml.
 * @param {string} entry
 * @param {string} name
 * @param {string[]} args
 */
export const bundleEntry = (entry, name, args = []) =>
  bundle(name, [entry, '--name', name, '-c', 'wrangler.toml', ...args])

/** Bundles a Worker of bench/start, with none of Gatepost's settings. @param {string} name */
export const bundleLibrary = (name) =>
  bundle(`start-${name}`, [`bench/start/${name}.mjs`, '-c', 'bench/start/wrangler.toml'])

/**
 * Bundles the Gatepost of a checkout.
 * @param {string} root
 * @param {string} name
 * @returns {Promise<string>} the folder of the built modules
 */
export function buildGatepost(root, name) {
  mkdirSync(join(root, 'dist', 'web'), { recursive: true }) // wrangler requires the folder
  return bundle(name, ['--cwd', root, '-c', 'wrangler.toml'])
}

/** @returns {Promise<{ gatepost: string, baseline: string }>} the folders of the built modules */
export async function build() {
  const [gatepost, baseline] = await Promise.all([
    buildGatepost(ROOT, 'gatepost'),
    bundle('baseline', ['-c', 'bench/baseline/wrangler.toml']),
  ])
  return { gatepost, baseline }
}

/**
 * Reads the modules of a built Worker in Miniflare's shape; the entry module comes first.
 * @param {string} folder
 */
export function modulesOf(folder) {
  const wasm = readdirSync(folder).filter((file) => file.endsWith('.wasm'))
  const entry = readdirSync(folder).find((file) => file.endsWith('.js'))
  if (!entry) throw new Error(`${folder} has no built Worker.`)
  return [
    { type: 'ESModule', path: join(folder, entry), contents: read(folder, entry).toString() },
    ...wasm.map((file) => ({
      type: 'CompiledWasm',
      path: join(folder, file),
      contents: read(folder, file),
    })),
  ]
}
/** @param {string} folder @param {string} file */
const read = (folder, file) => readFileSync(join(folder, file))

/**
 * Sizes the bundle and its parts, in bytes. The gzip size of a part is its share of the whole in
 * proportion to its minified bytes.
 * @param {string} folder
 */
export function composition(folder) {
  const modules = modulesOf(folder).map((module) => Buffer.from(module.contents))
  const gzip = modules.reduce((sum, contents) => sum + gzipSync(contents, { level: 9 }).length, 0)
  const minified = modules.reduce((sum, contents) => sum + contents.length, 0)
  const meta = JSON.parse(read(folder, 'bundle-meta.json').toString())
  const { inputs } = Object.values(meta.outputs).find((output) => output.entryPoint)
  const parts = new Map()
  for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
    const name = partOf(file)
    parts.set(name, (parts.get(name) ?? 0) + bytesInOutput)
  }
  const rows = [...parts].map(([name, bytes]) => ({ name, bytes, gzip: (gzip * bytes) / minified }))
  return { gzip, minified, parts: rows.sort((a, b) => b.bytes - a.bytes) }
}

/**
 * Returns the package of a bundled file, or the name of its part of Gatepost.
 * @param {string} file
 */
export function partOf(file) {
  const inPackage = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(file)
  if (inPackage) return inPackage[1]
  return file.includes('common-passwords-list') ? 'list of common passwords' : 'Gatepost'
}
