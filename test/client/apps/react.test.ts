/** A fresh Vite + React + TypeScript app with the packed client, and the example by itself. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildApp, CLIENT, installExample, LIMIT, newFolder, npm, run, tool } from './app.ts'
import { walkAndBreak, walkThrough } from './walk.ts'

/** create-vite's own template, with the sources of the example. */
async function createApp(): Promise<string> {
  const folder = newFolder()
  const template = ['--template', 'react-ts', '--no-interactive', '--no-immediate', '--overwrite']
  await npm(folder, 'exec', '--yes', '--', 'create-vite@9', '.', ...template)
  rmSync(join(folder, 'src'), { recursive: true })
  cpSync('examples/react/src', join(folder, 'src'), { recursive: true })
  await npm(folder, 'install', CLIENT.tarball)
  return folder
}

const STRICTEST = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    skipLibCheck: false,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'dom'],
    types: [],
    noEmit: true,
  },
  files: ['strictest.ts'],
}
const STRICTEST_TS = `
import { createClient, type PostVersion } from 'gatepost-client'
import { sessionStore } from 'gatepost-client/svelte'
const gatepost = createClient()
sessionStore(gatepost).subscribe((state) => console.log(state.status))
export const post: Promise<PostVersion> = gatepost.posts.create({ title: 'A', content: 'B' })
`

test('create-vite: compiles under TypeScript 5.9 and 7, builds, and works', LIMIT, async (t) => {
  const folder = await createApp()
  await npm(folder, 'install', '--save-dev', 'typescript-5@npm:typescript@5.9')
  const tsc5 = join(folder, 'node_modules/typescript-5/bin/tsc')
  await t.test('tsc -b of TypeScript 7', async () => {
    await tool(folder, 'tsc', '-b')
  })
  await t.test('tsc -b of TypeScript 5.9', async () => {
    await run(folder, process.execPath, [tsc5, '-b', '--force'])
  })
  await t.test('the strictest options, as Node resolves modules', async () => {
    writeFileSync(join(folder, 'strictest.json'), JSON.stringify(STRICTEST))
    writeFileSync(join(folder, 'strictest.ts'), STRICTEST_TS)
    await tool(folder, 'tsc', '-p', 'strictest.json')
    await run(folder, process.execPath, [tsc5, '-p', 'strictest.json'])
  })
  await t.test('vite build', async () => {
    await buildApp(folder)
  })
  await t.test('Chromium', async () => {
    await walkAndBreak(folder)
  })
  await t.test('the folder in place of the tarball, which npm links', async () => {
    await npm(folder, 'install', CLIENT.folder)
    const config = join(folder, 'vite.config.ts')
    const text = readFileSync(config, 'utf8')
    writeFileSync(config, text.replace('plugins:', "resolve: { dedupe: ['react'] },\n  plugins:"))
    await tool(folder, 'tsc', '-b')
    await buildApp(folder)
    await walkThrough(folder)
  })
})

test('examples/react: compiles, builds, and works', LIMIT, async () => {
  const folder = await installExample('react')
  await npm(folder, 'run', 'check')
  await buildApp(folder)
  await walkThrough(folder)
})
