// Before each test file: every migration is applied. Files share one database, so each test makes its own people.
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll } from 'vitest'

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS))
