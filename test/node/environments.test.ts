import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { completed } from '../../scripts/build/environments.mjs'

const TOML = `name = "gatepost"

[vars]
ORIGIN = "http://localhost" # "quoted" comment
LEVEL = "1"

[[d1_databases]]
binding = "DB"
database_name = "gatepost"

[[ratelimits]]
name = "A"
namespace_id = "1001"
simple = { limit = 60, period = 60 } # a minute

[assets]
directory = "dist/web"

[limits]
cpu_ms = 1000
`

describe('staging and previews', () => {
  it('get bindings, vars and limits of the top level, with names and counters of their own', () => {
    const toml = completed(TOML)
    expect(toml.startsWith(TOML)).toBe(true)
    for (const part of [
      '[env.staging.vars]\nORIGIN = "http://localhost"\nLEVEL = "1"\n',
      '[[env.staging.d1_databases]]\nbinding = "DB"\ndatabase_name = "gatepost-staging"\n',
      '[[env.staging.ratelimits]]\nname = "A"\nnamespace_id = "2001"\nsimple = { limit = 60, period = 60 }\n',
      '[[previews.d1_databases]]\nbinding = "DB"\ndatabase_name = "gatepost-preview"\n',
      '[previews.limits]\ncpu_ms = 1000\n',
    ])
      expect(toml).toContain(part)
    expect(toml).not.toMatch(/staging\.(?:assets|limits)/)
    expect(completed(toml)).toBe(toml)
  })

  it('keep what they have, and get what is new', () => {
    const own = completed(TOML)
      .replace(
        '[env.staging.vars]\nORIGIN = "http://localhost"',
        '[env.staging.vars]\n# ours\nORIGIN = "https://staging.ann.dev"',
      )
      .replace('"gatepost-staging"', '"another-name"')
    const grown = own
      .replace('LEVEL = "1"\n\n[[d1', 'LEVEL = "1"\nNEW = "x"\n\n[[d1')
      .replace('[assets]', '[[ratelimits]]\nname = "B"\nnamespace_id = "1002"\n\n[assets]')
    const toml = completed(grown)
    expect(toml).toContain(
      '[env.staging.vars]\n# ours\nORIGIN = "https://staging.ann.dev"\nLEVEL = "1"\nNEW = "x"\n',
    )
    expect(toml).toContain('database_name = "another-name"')
    expect(toml).toContain('[[env.staging.ratelimits]]\nname = "B"\nnamespace_id = "2002"\n')
    expect(toml).toContain('[[previews.ratelimits]]\nname = "B"\nnamespace_id = "3002"\n')
  })

  it('get a value in single quotes whole', () => {
    const providers = `PROVIDERS = '{"acme": {"client_id": "c"}}'`
    const toml = completed(TOML.replace('LEVEL = "1"', `${providers} # as JSON`))
    expect(toml).toContain(`[env.staging.vars]\nORIGIN = "http://localhost"\n${providers}\n`)
  })

  it('are complete in wrangler.toml', () => {
    const toml = readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8')
    expect(completed(toml)).toBe(toml)
  })
})
