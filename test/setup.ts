// Before each test file: every migration is applied. Files share one database, so each test makes
// its own people.
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, expect } from 'vitest'
import { lossySelects, noteStatements } from './support/columns'

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  noteStatements()
})

afterAll(async () => {
  expect(await lossySelects(), 'each column of a SELECT has a name of its own').toEqual([])
})
