import { expect, it } from 'vitest'
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

/** A database whose sessions fail on first use. */
function broken() {
  const fail = () => {
    throw new Error('no database')
  }
  return { withSession: () => ({ prepare: fail, batch: fail, getBookmark: () => null }) }
}
