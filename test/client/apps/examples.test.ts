/** The examples in Svelte and Vue. That in React is in react.test.ts. */
import { test } from 'node:test'
import { buildApp, installExample, LIMIT, npm } from './app.ts'
import { walkAndBreak } from './walk.ts'

for (const name of ['svelte', 'vue'])
  test(`examples/${name}: compiles, builds, and works`, LIMIT, async (t) => {
    const folder = await installExample(name)
    await t.test('npm run check', async () => {
      await npm(folder, 'run', 'check')
    })
    await t.test('vite build', async () => {
      await buildApp(folder)
    })
    await t.test('Chromium', async () => {
      await walkAndBreak(folder)
    })
  })
