/** Which addresses the Worker answers, and which the asset server in front of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ORIGIN } from './browser.ts'

const get = async (path: string) => {
  const response = await fetch(ORIGIN + path, { redirect: 'manual' })
  return { status: response.status, type: response.headers.get('Content-Type'), response }
}

test('an address of the API never answers with the web app, with or without a trailing slash', async () => {
  const { paths } = (await (await get('/openapi.json')).response.json()) as { paths: object }
  const addresses = Object.keys(paths).map((path) => path.replaceAll(/\{\w+\}/g, '1'))
  assert.ok(addresses.length > 25)
  for (const path of [...addresses, '/api', '/oauth', '/openapi.json']) {
    assert.doesNotMatch((await get(path)).type ?? '', /html/, path)
    const { status, type } = await get(`${path}/`)
    assert.deepEqual([status, type], [404, 'application/problem+json'], `${path}/`)
  }
})

test('any other address → the web app with the headers of a page', async () => {
  for (const path of ['/', '/posts/1', '/nothing/at/all']) {
    const { status, type, response } = await get(path)
    assert.deepEqual([status, type], [200, 'text/html; charset=utf-8'], path)
    assert.match(response.headers.get('Content-Security-Policy') ?? '', /default-src|script-src/)
    assert.equal(response.headers.get('X-Content-Type-Options'), 'nosniff')
  }
})
