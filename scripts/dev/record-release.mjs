// `npm run release:record`, once per release: records what this release asks of D1, for the test
// that replays it on the schema of the next release (test/node/previous-release.test.ts).
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { start } from '../../bench/server.mjs'
import { walk } from '../../test/previous-release/walk.mjs'
import { command, must } from '../tools.mjs'

const SNAPSHOT = 'test/previous-release/snapshot.json'

const folder = mkdtempSync(join(tmpdir(), 'gatepost-record-'))
try {
  mkdirSync('dist/web', { recursive: true }) // wrangler insists on the folder
  const entry = 'test/previous-release/recorder/index.ts'
  const build = ['deploy', entry, '--dry-run', '--outdir', folder]
  await must('Building the recorder', command('wrangler', build), {
    env: { WRANGLER_LOG: 'error', WRANGLER_HIDE_BANNER: 'true' },
  })
  const worker = await start(folder)
  try {
    writeFileSync(SNAPSHOT, format(await walk(worker.url)))
  } finally {
    await worker.stop()
  }
  console.log(`${SNAPSHOT} holds the statements of this release. Commit it with the release.`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** One line per text of SQL, then one per trip: `[number of the SQL, parameters, outcome]` each. */
function format(trips) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const migration = readdirSync('migrations')
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .at(-1)
  const sql = [...new Set(trips.flatMap((trip) => trip.map((statement) => statement.sql)))]
  const lines = trips.map((trip) =>
    JSON.stringify(
      trip.map(({ sql: text, params, ...outcome }) => [sql.indexOf(text), params, outcome]),
    ),
  )
  const list = (texts) => `[\n    ${texts.join(',\n    ')}\n  ]`
  return `{
  "release": ${JSON.stringify(version)},
  "migration": ${JSON.stringify(migration)},
  "sql": ${list(sql.map((text) => JSON.stringify(text)))},
  "trips": ${list(lines)}
}
`
}
