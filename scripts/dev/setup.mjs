// Runs before `npm run dev`: creates what a fresh clone lacks and changes no existing file.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { buildWeb } from '../build/web.mjs'

const secrets = {
  JWT_SECRET: randomBytes(48).toString('base64url'),
  DATA_KEYS: randomBytes(32).toString('base64url'),
}
const lines = Object.entries(secrets).map(([name, secret]) => `${name}=${secret}\n`)
try {
  writeFileSync('.dev.vars', lines.join(''), {
    mode: 0o600,
    flag: 'wx', // existing keys have signed tokens and encrypted data: never overwrite them
  })
} catch (error) {
  if (error.code !== 'EEXIST') throw error
}
await buildWeb({ ifStale: true, onBuild: () => console.log('Building the web app…') })
