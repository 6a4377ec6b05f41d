/** The workflows of GitHub and the deploy button, as far as they can be checked without either. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig as readConfig } from 'wrangler'
import { parseOptions } from '../../scripts/ops/deploy/options.mjs'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
/** The commands of a workflow, in order. */
const runs = (workflow: string) =>
  [...read(`.github/workflows/${workflow}`).matchAll(/^\s+- run: (.+)$/gm)].map(([, text]) => text)

describe('the workflow', () => {
  it('ci runs what .ci/run is, and nothing else', () => {
    expect(runs('ci.yml')).toEqual(['.ci/run'])
    expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).not.toBe(0)
  })

  it('deploy installs, then deploys with options that the script knows, after ci', () => {
    const [install, deploy = ''] = runs('deploy.yml')
    expect(install).toBe('npm ci')
    expect(parseOptions(deploy.replace('npm run deploy -- ', '').split(' '))).toMatchObject({
      rollback: true,
      environment: 'production',
    })
    expect(read('.github/workflows/deploy.yml')).toMatch(/needs: ci\b/)
  })

  it.each(['ci.yml', 'deploy.yml'])('%s may only read, and keeps no credentials', (workflow) => {
    const text = read(`.github/workflows/${workflow}`)
    expect(text).toMatch(/^permissions:\n {2}contents: read\n/m)
    expect(text.match(/actions\/checkout/g)).toHaveLength(1)
    expect(text).toContain('persist-credentials: false')
    expect(text).not.toMatch(/pull_request_target/)
  })
})

describe('the deploy button', () => {
  const { cloudflare, scripts } = JSON.parse(read('package.json')) as {
    cloudflare: { bindings: Record<string, { description: string }> }
    scripts: Record<string, string>
  }
  const config = readConfig({ config: join(ROOT, 'wrangler.toml') })

  it('asks for the required secrets, without a value, and says what each is', () => {
    const asked = parseEnv(read('.dev.vars.example'))
    expect(Object.keys(asked).sort()).toEqual([...(config.secrets?.required ?? [])].sort())
    for (const [name, value] of Object.entries(asked)) {
      expect(value).toBe('')
      expect(cloudflare.bindings[name]?.description).toMatch(/\.$/)
    }
  })

  it('describes only what is there', () => {
    const known = [...(config.secrets?.required ?? []), ...Object.keys(config.vars)]
    for (const name of Object.keys(cloudflare.bindings)) expect(known).toContain(name)
    expect(scripts.deploy).toBe('node scripts/ops/deploy.mjs')
  })
})
