/** The bytes that the client adds to an app. */
import { gzipSync } from 'node:zlib'
import { build, type Rollup } from 'vite'
import { expect, it } from 'vitest'

const SIGN_IN = `
import { createClient } from '/src/client/index.ts'
const { session } = createClient({ origin: 'https://api.example.com' })
session.subscribe((state) => document.title = state.status)
await session.start()
await session.signIn('ann', 'x')
await session.signOut()
`
const ERRORS_ONLY = `
import { ApiProblem } from '/src/client/index.ts'
console.log(new Error() instanceof ApiProblem)
`

/** An app's script as `vite build` makes it: bundled, tree-shaken, minified. */
async function bundle(app: string): Promise<string> {
  const plugin = {
    name: 'app',
    resolveId: (id: string) => (id === 'app' ? id : null),
    load: (id: string) => (id === 'app' ? app : null),
  }
  const made = await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [plugin],
    build: { write: false, target: 'es2022', rolldownOptions: { input: 'app' } },
  })
  return (made as Rollup.RollupOutput).output[0].code
}
const gzipped = (code: string) => gzipSync(code, { level: 9 }).length

it('sign-in and session in an app → at most 6 KiB gzip', async () => {
  const code = await bundle(SIGN_IN)
  console.log(`${(gzipped(code) / 1024).toFixed(2)} KiB gzip`)
  expect(code).toContain('/api/session')
  expect(gzipped(code)).toBeLessThanOrEqual(6 * 1024)
})

it('an app that imports the error alone → nothing of the session', async () => {
  const code = await bundle(ERRORS_ONLY)
  expect(code).not.toContain('/api/')
  expect(gzipped(code)).toBeLessThanOrEqual(1024)
})
