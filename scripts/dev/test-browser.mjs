// `npm run test:browser`: starts the service as `npm run dev` does, on its own port with its own
// empty database, and walks through the pages with Debian's Chromium (or the one that CHROMIUM
// names). With file names it runs those only; with --pictures it makes the README's pictures
// instead.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from '../tools.mjs'
import { testFiles, testWithService } from './service.mjs'

const PORT = Number(process.env.BROWSER_TEST_PORT ?? 8798)
const [origin, listed, unlisted] = [PORT, PORT - 2, PORT - 4].map((p) => `http://localhost:${p}`)
const artifacts = 'test/browser/artifacts'
const log = join(artifacts, 'service.log')
const args = process.argv.slice(2)

const providerAt = (port) => ({ client_id: 'gatepost', issuer: `http://127.0.0.1:${port}` })

const named = args.filter((arg) => !arg.startsWith('--'))
const files = args.includes('--pictures')
  ? ['test/browser/pictures.ts']
  : testFiles('test/browser', named)

mkdirSync(artifacts, { recursive: true })
await must('Preparing the service', [process.execPath, 'scripts/dev/setup.mjs'])
const state = mkdtempSync(join(tmpdir(), 'gatepost-browser-'))
/** A test file starts the first one. The second one never answers. */
const providers = {
  acme: { ...providerAt(PORT + 2), name: 'Acme', trust_email: true },
  offline: { ...providerAt(PORT + 4), name: 'Offline' },
}
const secret = 'secret-of-the-browser-tests'
const env = {
  GATEPOST_ORIGIN: origin,
  GATEPOST_LISTED_ORIGIN: listed,
  GATEPOST_UNLISTED_ORIGIN: unlisted,
  GATEPOST_STATE: state,
  GATEPOST_LOG: log,
  GATEPOST_ACME: JSON.stringify({ ...providers.acme, client_secret: secret }),
}
const vars = {
  ALLOWED_ORIGINS: listed,
  EMAIL_SIGN_IN: 'on',
  PROVIDERS: JSON.stringify(providers),
  PROVIDER_ACME_SECRET: secret,
  PROVIDER_OFFLINE_SECRET: secret,
}
await testWithService('Browser tests', { port: PORT, state, log, vars }, files, env)
console.log(`Pictures: ${artifacts}`)
rmSync(state, { recursive: true, force: true })
