// Runs before `npm run dev`: makes what a fresh clone lacks and touches nothing that is there.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { buildWeb } from '../build/web.mjs'

try {
  writeFileSync('.dev.vars', `JWT_SECRET=${randomBytes(48).toString('base64url')}\n`, {
    mode: 0o600,
    flag: 'wx', // a key that exists has signed tokens: never overwrite it
  })
} catch (error) {
  if (error.code !== 'EEXIST') throw error
}
await buildWeb({ ifStale: true })
