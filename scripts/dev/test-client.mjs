// `npm run test:client`: packs the client, starts the service as `npm run dev` does, and lets apps
// of React, Vue and Svelte, Python programs and examples/requests.http use both. With file names it
// runs those only. Needs Chromium, and python3 with requests-oauthlib and authlib.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../tools.mjs'
import { testFiles, testWithService } from './service.mjs'

const PORT = Number(process.env.CLIENT_TEST_PORT ?? 8778)
const [origin, listed, unlisted] = [PORT, PORT - 2, PORT - 4].map((p) => `http://localhost:${p}`)
/** Of another site than the service, to a browser. */
const otherSite = `http://127.0.0.1:${PORT - 6}`
const files = testFiles('test/client/apps', process.argv.slice(2))

await must('Preparing the service', [process.execPath, 'scripts/dev/setup.mjs'])
await must('Building the client', [process.execPath, 'scripts/build/client.mjs'])
const work = mkdtempSync(join(tmpdir(), 'gatepost-client-'))
const env = {
  GATEPOST_ORIGIN: origin,
  GATEPOST_LISTED_ORIGIN: listed,
  GATEPOST_UNLISTED_ORIGIN: unlisted,
  GATEPOST_OTHER_SITE: otherSite,
}
const service = {
  port: PORT,
  state: join(work, 'state'),
  log: join(work, 'service.log'),
  vars: { ALLOWED_ORIGINS: [listed, otherSite].join(','), EMAIL_SIGN_IN: 'on' },
}
await testWithService('Apps with the client', service, files, env)
rmSync(work, { recursive: true, force: true })
