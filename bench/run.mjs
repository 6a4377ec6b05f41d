// `npm run bench`: the main table, within three minutes. `npm run bench -- load | uploads | export | timing | lists | hash`: the other parts, each alone.
// Everything runs on 127.0.0.1, in temporary databases, and ends by itself.
import { parseArgs } from 'node:util'

const PARTS = {
  main: async () => (await import('./main.mjs')).main(),
  load: async (options) => (await import('./storm.mjs')).stormAndQueue(options),
  export: async () => (await import('./export.mjs')).exports(),
  timing: async () => (await import('./timing.mjs')).timing(),
  lists: async () => (await import('./lists.mjs')).lists(),
  uploads: async () => (await import('./uploads.mjs')).uploads(),
  hash: async () => (await import('./hash.mjs')).hash(),
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { soak: { type: 'boolean', default: false } },
})
const [name = 'main'] = positionals
const part = PARTS[name]
if (!part) {
  process.stderr.write(`There is no part "${name}": ${Object.keys(PARTS).join(', ')}.\n`)
  process.exit(2)
}
const start = performance.now()
await part(values)
process.stdout.write(`\n(${((performance.now() - start) / 1000).toFixed(0)} s)\n`)
process.exit()
