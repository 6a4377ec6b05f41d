// Writes the API document, as the built Worker serves it, to dist/openapi.json. Fails if it is not
// the one that src describes.
import { deepStrictEqual } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { unstable_readConfig, unstable_startWorker } from 'wrangler'
import { makeDocument } from './document.mjs'

// wrangler waits for ever for a Worker that cannot be built, and has said why by then
setTimeout(() => process.exit(1), 60_000).unref()

mkdirSync('dist/web', { recursive: true }) // wrangler requires the folder
const { APP_ORIGIN } = unstable_readConfig({ config: 'wrangler.toml' }).vars
const worker = await unstable_startWorker({
  config: 'wrangler.toml',
  bindings: {
    APP_ORIGIN: { type: 'plain_text', value: APP_ORIGIN }, // whatever .dev.vars says
    JWT_SECRET: { type: 'secret_text', value: randomBytes(48).toString('base64url') },
  },
  dev: { server: { port: 0 }, inspector: false, persist: false, logLevel: 'error' },
})
const answer = await worker.fetch('http://localhost/openapi.json')
const served = await answer.json()
await worker.dispose()
if (!answer.ok) throw new Error(`GET /openapi.json answered ${answer.status}`)
const made = JSON.parse(await makeDocument())
const servers = made.servers.map((server) => ({ ...server, url: APP_ORIGIN }))
deepStrictEqual(served, { ...made, servers }, 'The Worker serves another document than src has')
writeFileSync('dist/openapi.json', JSON.stringify(served, null, 2))
