// Writes the API document, as the Worker serves it, to dist/openapi.json.
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { unstable_startWorker } from 'wrangler'

// wrangler waits for ever for a Worker that cannot be built, and has said why by then
setTimeout(() => process.exit(1), 30_000).unref()

mkdirSync('dist/web', { recursive: true }) // wrangler requires the folder
const worker = await unstable_startWorker({
  config: 'wrangler.toml',
  bindings: { JWT_SECRET: { type: 'secret_text', value: randomBytes(48).toString('base64url') } },
  dev: { server: { port: 0 }, inspector: false, persist: false, logLevel: 'error' },
})
const answer = await worker.fetch('http://localhost/openapi.json')
writeFileSync('dist/openapi.json', JSON.stringify(await answer.json(), null, 2))
await worker.dispose()
if (!answer.ok) throw new Error(`GET /openapi.json answered ${answer.status}`)
