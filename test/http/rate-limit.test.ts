// The edge limits: per client and minute, at every endpoint, before any hash and any trip to D1.
import { expect, it } from 'vitest'
import { clientKey, networkKey } from '../../src/http/rate-limit'
import { hashesComputed } from '../../src/security/password'
import { type Call, call, freshAddress, trips } from '../support/client'
import { person } from '../support/users'

const from = (address: string, options: Call = {}): Call => ({
  ...options,
  headers: { 'CF-Connecting-IP': address, ...options.headers },
})

/**
 * Sends requests that cost nothing until one is refused; the limit may start again once in between.
 */
async function exhaust(limit: number, send: () => Promise<Response>) {
  for (let sent = 0; sent <= 2 * limit + 1; sent++) {
    if ((await send()).status === 429) return sent
  }
  return Number.POSITIVE_INFINITY
}

async function expectRefusal(response: Response) {
  expect(response.status).toBe(429)
  expect(trips(response)).toBe(0)
  expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0)
  expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  expect(await response.json()).toMatchObject({ type: '/problems/too-many-requests', status: 429 })
}

it('→ 429 for the 61st sign-in of a minute at all three endpoints, before hash and D1', async () => {
  const address = freshAddress()
  const sent = await exhaust(60, () =>
    call('POST', '/api/users/token', from(address, { form: {} })),
  )
  expect(sent).toBeGreaterThanOrEqual(60)
  expect(sent).toBeLessThanOrEqual(120)
  const before = hashesComputed()
  const [username, login, password] = ['ann', 'ann', 'correct horse battery']
  const form = { grant_type: 'password', username, password }
  await expectRefusal(await call('POST', '/api/users/token', from(address, { form })))
  await expectRefusal(await call('POST', '/oauth/token', from(address, { form })))
  const malformed = { grant_type: 'password', scope: 'x' }
  await expectRefusal(await call('POST', '/oauth/token', from(address, { form: malformed })))
  await expectRefusal(
    await call('POST', '/api/session', from(address, { json: { login, password } })),
  )
  expect(hashesComputed()).toBe(before)
  // Another client is not concerned, and a refresh is no sign-in.
  expect((await call('POST', '/api/users/token', { form: {} })).status).toBe(422)
  const refresh = { grant_type: 'refresh_token', refresh_token: 'x' }
  expect((await call('POST', '/oauth/token', from(address, { form: refresh }))).status).toBe(400)
})

it('→ 429 for the 21st registration of a minute', async () => {
  const address = freshAddress()
  const send = () => call('POST', '/api/users', from(address, { json: {} }))
  const sent = await exhaust(20, send)
  expect(sent).toBeGreaterThanOrEqual(20)
  expect(sent).toBeLessThanOrEqual(40)
  const before = hashesComputed()
  await expectRefusal(await send())
  expect(hashesComputed()).toBe(before)
})

it('→ 429 for the 11th request of a mail', async () => {
  const address = freshAddress()
  const send = () => call('POST', '/api/users/forgot-password', from(address, { json: {} }))
  const sent = await exhaust(10, send)
  expect(sent).toBeGreaterThanOrEqual(10)
  expect(sent).toBeLessThanOrEqual(20)
  await expectRefusal(await send())
})

it('→ 429 for the 121st write', async () => {
  const { token } = await person()
  const address = freshAddress()
  const send = () => call('POST', '/api/posts', from(address, { token, json: {} }))
  const sent = await exhaust(120, send)
  expect(sent).toBeGreaterThanOrEqual(120)
  expect(sent).toBeLessThanOrEqual(240)
  await expectRefusal(await send())
})

it('counts a client under one key however its address is spelled and whatever it forwards', async () => {
  const n = crypto.randomUUID().slice(0, 4)
  const spellings = [`2001:db8:${n}:7::1`, `2001:0DB8:${n.toUpperCase()}:0007:a:b:c:d`]
  let turn = 0
  const send = () =>
    call('POST', '/api/users', {
      json: {},
      headers: {
        'CF-Connecting-IP': spellings[++turn % 2] as string,
        'X-Forwarded-For': freshAddress(),
        'X-Real-IP': freshAddress(),
        'True-Client-IP': freshAddress(),
        Forwarded: `for=${freshAddress()}`,
        'CF-Connecting-IPv6': freshAddress(),
        'CF-Pseudo-IPv4': freshAddress(),
      },
    })
  expect(await exhaust(20, send)).toBeLessThanOrEqual(40)
  const neighbour = from(`2001:db8:${n}:8::1`, { json: {} })
  expect((await call('POST', '/api/users', neighbour)).status).toBe(422)
})

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:C000:0207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0000:0000:ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['', 'unknown'],
  ['::1]@[::2', 'unknown'],
  ['not an address', 'unknown'],
  [':::', 'unknown'],
  [undefined, 'unknown'],
])('clientKey(%s) is %s', (address, key) => {
  expect(clientKey(address)).toBe(key)
})

it('→ 429 for a /48 at ten times the limit of a /64, whatever networks and addresses it uses', async () => {
  const n = crypto.randomUUID().slice(0, 4)
  let sent = 0
  const send = () =>
    call(
      'POST',
      '/api/users/forgot-password',
      from(`2001:db8:${n}:${(++sent).toString(16)}::1`, { json: {} }),
    )
  const refusedAfter = await exhaust(100, send)
  // Each share is full at 10 requests: the first one is, at random, before all of them are.
  expect(refusedAfter).toBeGreaterThan(15)
  expect(refusedAfter).toBeLessThanOrEqual(200)
  const others = `2001:db8:${n.split('').reverse().join('')}:1::1`
  expect(
    (await call('POST', '/api/users/forgot-password', from(others, { json: {} }))).status,
  ).toBe(422)
})

it('leaves the rest of a /48 alone when one of its networks is at its limit', async () => {
  const n = crypto.randomUUID().slice(0, 4)
  const send = (network: number) =>
    call('POST', '/api/users', from(`2001:db8:${n}:${network}::1`, { json: {} }))
  expect(await exhaust(20, () => send(1))).toBeLessThanOrEqual(40)
  for (let network = 2; network < 12; network++) expect((await send(network)).status).toBe(422)
})

it('counts a /48 under ten keys, and neither IPv4 nor unknown clients', () => {
  const keys = new Set(Array.from({ length: 500 }, () => networkKey('2001:db8:1:2::/64')))
  expect(keys.size).toBe(10)
  for (const key of keys) expect(key).toMatch(/^2001:db8:1::\/48#\d$/)
  for (const client of ['192.0.2.7', 'unknown', '']) expect(networkKey(client)).toBeNull()
})

it('→ 429 for the 61st search of a minute, before D1; lists without a search do not count', async () => {
  const address = freshAddress()
  const search = () => call('GET', '/api/posts?q=%22&limit=0', from(address))
  for (let i = 0; i < 70; i++)
    expect((await call('GET', '/api/posts?limit=0', from(address))).status).toBe(422)
  const sent = await exhaust(60, search)
  expect(sent).toBeGreaterThanOrEqual(60)
  expect(sent).toBeLessThanOrEqual(120)
  await expectRefusal(await call('GET', '/api/posts?q=words', from(address)))
  expect((await call('GET', '/api/posts', from(address))).status).toBe(200)
  expect((await call('GET', '/api/posts?q=words')).status).toBe(200)
})
