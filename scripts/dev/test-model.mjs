// `npm run test:model -- --runs 20000`: random histories against the reference model (test/model).
import { parseArgs } from 'node:util'
import { command, run } from '../tools.mjs'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '500' } } })
if (!/^[1-9]\d{0,6}$/.test(values.runs)) {
  console.error(`--runs ${values.runs} is no number from 1 to 9999999.`)
  process.exit(1)
}
const vitest = command('vitest', ['run', '--project', 'workers', 'test/model'])
const { code } = await run(vitest, { show: true, env: { MODEL_RUNS: values.runs } })
process.exitCode = code
