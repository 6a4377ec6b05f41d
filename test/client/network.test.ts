/** Failures below HTTP: no server, no answer in time, an origin that the server does not list. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createClient } from '../../src/client'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
  vi.unstubAllGlobals()
})

async function serverOf(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a stopped server', () => {
  it('→ every call rejects with offline; start() resolves, and can be tried again', async () => {
    const origin = await serverOf(() => undefined)
    for (const close of closing.splice(0)) close()
    const { session, posts, register } = createClient({ origin })
    const offline = { name: 'ApiProblem', code: 'offline', status: 0 }
    const person = { username: 'ann', email: 'ann@example.com', password: 'x' }
    await expect(register(person)).rejects.toMatchObject(offline)
    await expect(posts.list()).rejects.toMatchObject(offline)
    await expect(session.signIn('ann', 'x')).rejects.toMatchObject(offline)
    await expect(session.signOut()).rejects.toMatchObject(offline)
    await session.start()
    expect(session.state).toMatchObject({ because: 'unreachable', problem: offline })
    const before = session.state
    await session.start()
    expect(session.state).not.toBe(before)
  })
})

describe('the error page of a proxy', () => {
  it('→ every call rejects with unexpected-response; start() resolves', async () => {
    const origin = await serverOf((_, response) => {
      response.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>502 Bad Gateway</h1>')
    })
    const { session, posts } = createClient({ origin })
    const unexpected = { name: 'ApiProblem', code: 'unexpected-response', status: 502 }
    await expect(posts.list()).rejects.toMatchObject(unexpected)
    await expect(session.signIn('ann', 'x')).rejects.toMatchObject(unexpected)
    expect(session.state).toMatchObject({ because: 'unreachable', problem: unexpected })
  })

  it('with status 200 → stays signed out', async () => {
    const origin = await serverOf((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome</h1>')
    })
    const { session } = createClient({ origin })
    await expect(session.signIn('ann', 'x')).rejects.toMatchObject({ code: 'unexpected-response' })
    await session.start()
    expect(session.state).toMatchObject({ status: 'signed-out', because: 'unreachable' })
  })
})

describe('an origin that is not listed', () => {
  /** A browser on `page`: requests that need CORS fail, others get an opaque response. */
  function browserOn(page: string, { isUp = true, isListed = false } = {}) {
    vi.stubGlobal('location', { origin: page })
    const probes: string[] = []
    const fetch = async (input: RequestInfo | URL, { mode }: RequestInit = {}) => {
      if (mode) probes.push(`${mode} ${input}`)
      if (isUp && (isListed || mode === 'no-cors')) return new Response()
      throw new TypeError('Failed to fetch')
    }
    return { fetch, probes }
  }
  const list = (fetch: typeof globalThis.fetch, origin = 'http://api.test') =>
    createClient({ origin, fetch }).posts.list({}, { anonymous: true })

  it('→ origin-not-allowed, with the line to add', async () => {
    const { fetch, probes } = browserOn('http://localhost:5173')
    await expect(list(fetch)).rejects.toMatchObject({
      code: 'origin-not-allowed',
      message:
        'http://localhost:5173 may not call http://api.test. Add http://localhost:5173 to ALLOWED_ORIGINS of that server.',
    })
    expect(probes).toEqual(['cors http://api.test/health', 'no-cors http://api.test/health'])
  })

  it('→ offline while the server is down', async () => {
    const { fetch } = browserOn('http://localhost:5173', { isUp: false })
    await expect(list(fetch)).rejects.toMatchObject({ code: 'offline' })
  })

  it('→ offline without a probe on the own origin', async () => {
    const { fetch, probes } = browserOn('http://api.test', { isUp: false })
    await expect(list(fetch)).rejects.toMatchObject({ code: 'offline' })
    expect(probes).toEqual([])
  })

  it('→ offline without a probe once a response was read', async () => {
    const { fetch, probes } = browserOn('http://localhost:5173')
    let isFirst = true
    const client = createClient({
      origin: 'http://api.test',
      fetch: (input, init) => {
        if (!isFirst) return fetch(input, init)
        isFirst = false
        return Promise.resolve(Response.json({}))
      },
    })
    await client.posts.list({}, { anonymous: true })
    const again = client.posts.list({}, { anonymous: true })
    await expect(again).rejects.toMatchObject({ code: 'offline' })
    expect(probes).toEqual([])
  })
})
