// The outbox of `npm run dev` shows mailed links, so a deployment must not have it.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { developmentToml } from '../../scripts/dev/configuration.mjs'
import { command, root, run } from '../../scripts/tools.mjs'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatepost-bundle-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The scripts that `wrangler deploy` would upload with a configuration of the project's folder. */
async function bundle(config: string, name: string): Promise<string> {
  const out = join(folder, name)
  const deploy = ['deploy', '--dry-run', '--outdir', out, '--config', config]
  const { code, output } = await run(command('wrangler', deploy))
  expect(code, output).toBe(0)
  const scripts = readdirSync(out).filter((file) => file.endsWith('.js'))
  expect(scripts).not.toEqual([])
  return scripts.map((file) => readFileSync(join(out, file), 'utf8')).join('\n')
}

it('the bundle of wrangler.toml has no outbox', async () => {
  const text = await bundle('wrangler.toml', 'deployed')
  expect(text).toContain('/api/users/forgot-password')
  expect(text).not.toMatch(/__dev|DEV_OUTBOX/)
  expect(readFileSync(join(root, 'wrangler.toml'), 'utf8')).not.toMatch(/__dev|DEV_OUTBOX/)
})

it('the bundle of npm run dev has one, so the test above can fail', async () => {
  const config = `wrangler.outbox-${process.pid}.toml`
  writeFileSync(config, developmentToml(readFileSync('wrangler.toml', 'utf8'), {}))
  try {
    expect(await bundle(config, 'development')).toMatch(/\/__dev\/mail/)
  } finally {
    rmSync(config)
  }
})
