/** The data of each request for the operator: log line, Server-Timing, Analytics Engine. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { workerWith } from '../support/client'

beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // samples each session
})
afterEach(() => vi.restoreAllMocks())

const collect = () => {
  const points: AnalyticsEngineDataPoint[] = []
  return {
    points,
    binding: { writeDataPoint: (point: AnalyticsEngineDataPoint) => points.push(point) },
  }
}

/** D1 as in production, where it names the instance that served. */
function servedBy(served_by_region: string, served_by_primary: boolean) {
  const named = (result: D1Result) => ({
    ...result,
    meta: { ...result.meta, served_by_region, served_by_primary },
  })
  const wrap = (statement: D1PreparedStatement): object => ({
    bind: (...values: unknown[]) => wrap(statement.bind(...values)),
    all: async () => named(await statement.all()),
  })
  return {
    withSession: (start: string) => {
      const session = env.DB.withSession(start)
      return { prepare: (sql: string) => wrap(session.prepare(sql)), getBookmark: () => null }
    },
  }
}

/** The log lines of requests. */
function logged() {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  return () => log.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
}

describe('the log line of a request', () => {
  it('names the D1 instance that served, the rows read and written', async () => {
    const lines = logged()
    const response = await workerWith({ DB: servedBy('WEUR', false) })('GET', '/api/posts')
    expect(response.headers.get('Server-Timing')).toContain(', db;desc="WEUR replica"')
    expect(lines()).toMatchObject([
      {
        event: 'request',
        served_by_region: 'WEUR',
        served_by_primary: false,
        rows_read: expect.any(Number),
        rows_written: 0,
      },
    ])
  })

  it('names the problem, or the OAuth error, that was answered', async () => {
    const lines = logged()
    const ask = workerWith({})
    await ask('GET', '/api/users/me')
    await ask('POST', '/oauth/token', { form: { grant_type: 'nonsense' } })
    await ask('GET', '/health')
    expect(lines().map(({ problem }) => problem)).toEqual([
      'unauthenticated',
      'unsupported_grant_type',
      undefined,
    ])
  })

  it('says nothing of D1 for a request without a trip', async () => {
    const lines = logged()
    await workerWith({})('GET', '/health')
    expect(Object.keys(lines()[0] ?? {})).not.toContain('rows_read')
  })
})

describe('a point in Analytics Engine', () => {
  it('is written for each request, with the positions that docs/operations.md names', async () => {
    const { points, binding } = collect()
    const ask = workerWith({ ANALYTICS: binding, DB: servedBy('APAC', true) })
    await ask('GET', '/api/posts', { cf: { colo: 'VIE' } })
    await ask('GET', '/api/users/me')
    const number = expect.any(Number)
    expect(points).toEqual([
      {
        indexes: ['/api/posts'],
        blobs: ['/api/posts', 'GET', '2xx', '', 'VIE', 'APAC'],
        doubles: [number, 1, number, 0, number, 0],
      },
      {
        indexes: ['/api/users/me'],
        blobs: ['/api/users/me', 'GET', '4xx', 'unauthenticated', '', ''],
        doubles: [number, 0, 0, 0, 0, 0],
      },
    ])
  })

  it('that cannot be written fails no request', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const writeDataPoint = () => {
      throw new Error('too many points')
    }
    const response = await workerWith({ ANALYTICS: { writeDataPoint } })('GET', '/health')
    expect(response.status).toBe(200)
    expect(JSON.stringify(log.mock.calls)).toContain('analytics_failed')
  })
})
