import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { committingEarly, LOST, rewording, rewriting } from '../support/broken-database'
import { call, trips, workerWith } from '../support/client'

const VERSION = '3f0c6b1e-5d0a-4c38-9a2e-6f1f6f0b7c11'

it('GET /health → 200 with the version id that Cloudflare gave, without a round trip to D1', async () => {
  const ask = workerWith({
    CF_VERSION_METADATA: { id: VERSION, tag: '', timestamp: '' },
    DB: broken(),
  })
  const response = await ask('GET', '/health')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ status: 'ok', version: VERSION })
  expect(trips(response)).toBe(0)
})

it('GET /health → 200 with version null when there is no version metadata', async () => {
  for (const CF_VERSION_METADATA of [undefined, { id: '', tag: '', timestamp: '' }]) {
    const response = await workerWith({ CF_VERSION_METADATA })('GET', '/health')
    expect(await response.json()).toEqual({ status: 'ok', version: null })
  }
})

it('GET /ready → 200 without a version', async () => {
  const response = await call('GET', '/ready')
  expect(await response.json()).toEqual({ status: 'ok' })
})

const leftRows = () =>
  env.DB.prepare("select count(*) as n from mail_counts where key like 'ready:%'").first('n')

it('GET /ready → 200 and leaves no row', async () => {
  expect((await call('GET', '/ready')).status).toBe(200)
  expect(await leftRows()).toBe(0)
})

it('GET /ready → 503 not-ready when D1 does not behave as the stores expect', async () => {
  const changes = 'D1 does not keep changes() between the statements of a batch.'
  const faults: [string, D1Database][] = [
    [changes, rewriting((sql) => sql.replaceAll('changes()', '0'))],
    [changes, rewriting((sql) => sql.replaceAll('changes()', '1'))],
    [changes, rewriting((sql) => sql.replaceAll(/json_extract\('\{\}', '[\w-]+'\)/g, '1'))],
    [
      'D1 words the error of the session guard differently.',
      rewording((message) => message.replace('bad JSON path:', 'malformed JSON path')),
    ],
    ['D1 does not undo a batch that fails.', committingEarly()],
  ]
  for (const [fault, DB] of faults) {
    const response = await workerWith({ DB })('GET', '/ready')
    expect(response.status, fault).toBe(503)
    expect(await response.json()).toMatchObject({
      type: '/problems/not-ready',
      detail: `${fault} Send no traffic to this version and report the fault.`,
    })
    await env.DB.prepare("delete from mail_counts where key like 'ready:%'").run()
  }
})

it('GET /ready → 503 unavailable, not not-ready, when the failing batch is lost in an outage', async () => {
  const DB = rewording((message) => (message.includes('JSON path') ? LOST : message))
  const response = await workerWith({ DB })('GET', '/ready')
  expect(await response.json()).toMatchObject({ type: '/problems/unavailable' })
})

/** A database whose sessions fail on first use. */
function broken() {
  const fail = () => {
    throw new Error('no database')
  }
  return { withSession: () => ({ prepare: fail, batch: fail, getBookmark: () => null }) }
}
