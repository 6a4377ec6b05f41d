// `npm run bench`: the main table, within three minutes. `npm run bench -- load` (or another name
// of PARTS) runs one of the other parts. All parts use 127.0.0.1 and temporary databases, and end
// by themselves. Tables go to stdout, progress to stderr.
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { UsageError } from './usage.mjs'

const PARTS = {
  main: async () => (await import('./main.mjs')).main(),
  load: async (options) => (await import('./bursts.mjs')).burstsAndQueue(options),
  export: async () => (await import('./export.mjs')).exports(),
  timing: async () => (await import('./timing.mjs')).timing(),
  lists: async () => (await import('./lists.mjs')).lists(),
  uploads: async () => (await import('./uploads.mjs')).uploads(),
  hash: async () => (await import('./hash.mjs')).hash(),
  abuse: async (options, rest) => (await import('./abuse.mjs')).abuse(options, rest),
  readme: async (options, rest) => (await import('./readme.mjs')).readme(options, rest),
  compare: async (options, rest) => (await import('./compare.mjs')).compare(options, rest),
  start: async () => (await import('./start.mjs')).startUp(),
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    soak: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
  },
})
const [name = 'main', ...rest] = positionals
/** Prints a warning above the tables, because other load on the machine lengthens wall times. */
function warnOfLoad() {
  const [load] = loadavg()
  const cores = availableParallelism()
  if (load <= cores / 2) return
  process.stdout.write(
    `\nThe machine is busy: load ${load.toFixed(1)} on ${cores} cores at the start. Times are longer than
on an idle machine; CPU and ratios within a table remain comparable.\n`,
  )
}

process.env.WRANGLER_LOG ??= 'error'
const start = performance.now()
try {
  const part = PARTS[name]
  if (!part) {
    throw new UsageError(`Unknown part "${name}". Use one of: ${Object.keys(PARTS).join(', ')}.`)
  }
  warnOfLoad()
  await part(values, rest)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exit(2)
}
process.stderr.write(`(${((performance.now() - start) / 1000).toFixed(0)} s)\n`)
process.exit()
