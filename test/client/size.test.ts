/** What an app's users download for signing in and staying signed in. */
import { gzipSync } from 'node:zlib'
import { build, type Rollup } from 'vite'
import { expect, it } from 'vitest'

const APP = `
import { createClient } from '/src/client/index.ts'
const { session } = createClient({ origin: 'https://api.example.com' })
session.subscribe((state) => document.title = state.status)
await session.start()
await session.signIn('ann', 'x')
await session.signOut()
`

it('sign-in and session in an app → at most 6 KiB gzip', async () => {
  const made = await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [
      {
        name: 'app',
        resolveId: (id) => (id === 'app' ? id : null),
        load: (id) => (id === 'app' ? APP : null),
      },
    ],
    build: { write: false, target: 'es2022', rolldownOptions: { input: 'app' } },
  })
  const [chunk] = (made as Rollup.RollupOutput).output
  const size = gzipSync(chunk.code, { level: 9 }).length
  console.log(`${(size / 1024).toFixed(2)} KiB gzip`)
  expect(chunk.code).toContain('/api/session')
  expect(size).toBeLessThanOrEqual(6 * 1024)
})
