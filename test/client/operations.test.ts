/** How a call becomes a request, and a response the value that the call resolves to. */
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client'

const ORIGIN = 'http://api.test'

/** A client whose server answers every request alike, and the requests that it got. */
function clientOf(answer: () => Response = () => Response.json({})) {
  const sent: Request[] = []
  const client = createClient({
    origin: ORIGIN,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      if (new URL(request.url).pathname === '/api/session/refresh')
        return Response.json({ type: '/problems/session-ended' }, { status: 401 })
      sent.push(request)
      return answer()
    },
  })
  return { client, sent }
}
const html = (status: number) => () =>
  new Response('<!doctype html>', { status, headers: { 'Content-Type': 'text/html' } })

describe('fetch → request', () => {
  it('fills the path, leaves out what is undefined, sends JSON', async () => {
    const { client, sent } = clientOf()
    await client.fetch('GET /api/posts', { query: { limit: 10, cursor: undefined, q: 'a & b' } })
    await client.fetch('PATCH /api/posts/{id}', {
      path: { id: 7 },
      headers: { 'If-Match': undefined },
      body: { title: 'New' },
    })
    expect(sent[0]?.url).toBe(`${ORIGIN}/api/posts?limit=10&q=a+%26+b`)
    expect(sent[1]).toMatchObject({ method: 'PATCH', url: `${ORIGIN}/api/posts/7` })
    expect(sent[1]?.headers.get('Content-Type')).toBe('application/json')
    expect(sent[1]?.headers.has('If-Match')).toBe(false)
    expect(await sent[1]?.json()).toEqual({ title: 'New' })
  })

  it('sends a file with its own type, and a form as a form', async () => {
    const { client, sent } = clientOf()
    await client.avatar.set(new Blob(['x'], { type: 'image/png' }))
    await client.fetch('POST /oauth/revoke', { form: { token: 'a b', client_id: undefined } })
    expect(sent[0]?.headers.get('Content-Type')).toBe('image/png')
    expect(sent[1]?.headers.get('Content-Type')).toMatch(/^application\/x-www-form-urlencoded/)
    expect(await sent[1]?.text()).toBe('token=a+b')
  })

  it.each(['', '.', '..'])('an id "%s" → TypeError, and no request', async (id) => {
    const { client, sent } = clientOf()
    await expect(client.sessions.end(id)).rejects.toThrow(TypeError)
    expect(sent).toEqual([])
  })

  it('an id with a slash stays one segment', async () => {
    const { client, sent } = clientOf()
    await client.sessions.end('../../posts')
    expect(sent[0]?.url).toBe(`${ORIGIN}/api/users/me/sessions/..%2F..%2Fposts`)
  })

  it('anonymous → no credentials, and no wait for the session', async () => {
    const { client, sent } = clientOf()
    await client.posts.list({}, { anonymous: true })
    expect(sent[0]?.credentials).toBe('omit')
    expect(client.session.state.status).toBe('starting')
  })

  it('an aborted signal → its reason, not a problem', async () => {
    const client = createClient({ origin: 'http://127.0.0.1:9' })
    const reason = new Error('another page')
    const signal = AbortSignal.abort(reason)
    const options = { anonymous: true, signal }
    await expect(client.posts.list({}, options)).rejects.toBe(reason)
  })
})

describe('response → value', () => {
  it('JSON → its value; 204 → undefined; a picture → a Blob', async () => {
    const post = { id: 7, title: 'A' }
    const { client } = clientOf(() => Response.json(post, { headers: { ETag: '"7.1"' } }))
    expect(await client.posts.get(7)).toEqual({ ...post, etag: '"7.1"' })
    const empty = clientOf(() => new Response(null, { status: 204 }))
    expect(await empty.client.sessions.endOthers()).toBeUndefined()
    const png = () => new Response('x', { headers: { 'Content-Type': 'image/png' } })
    const picture = await clientOf(png).client.fetch('GET /avatars/{name}', {
      path: { name: 'a.png' },
    })
    expect(picture).toBeInstanceOf(Blob)
  })

  it.each([
    ['a page', html(200)],
    ['malformed JSON', () => new Response('{', { headers: { 'Content-Type': 'a/json' } })],
  ])('%s with status 200 → unexpected-response', async (_, answer) => {
    const { client } = clientOf(answer)
    await expect(client.posts.list()).rejects.toMatchObject({
      code: 'unexpected-response',
      message: expect.stringMatching(/Check the address of the API/),
    })
  })
})

describe('a session that could not be found out', () => {
  it('→ why, not "Sign in first."; what needs no session goes on', async () => {
    const busy = { type: '/problems/unavailable', detail: 'Try again in a moment.' }
    const client = createClient({
      origin: ORIGIN,
      fetch: async (input, init) => {
        const { pathname } = new URL(String(input))
        if (pathname === '/api/session/refresh') return Response.json(busy, { status: 503 })
        if (init?.method !== 'POST') return Response.json({ posts: [] })
        return Response.json({ type: '/problems/unauthenticated' }, { status: 401 })
      },
    })
    expect(await client.posts.list()).toEqual({ posts: [] })
    const create = client.posts.create({ title: 'A', content: 'B' })
    await expect(create).rejects.toMatchObject({ code: 'unavailable', status: 503 })
  })
})

describe('session.fetch', () => {
  it('takes addresses of the API only: the token goes nowhere else', async () => {
    const { client, sent } = clientOf()
    await client.session.fetch('/api/users/me')
    await client.session.fetch(`${ORIGIN}/api/users/me`)
    expect(sent.map(({ url }) => url)).toEqual(Array(2).fill(`${ORIGIN}/api/users/me`))
    for (const address of ['https://evil.test/', '//evil.test/api', 'data:text/plain,x'])
      await expect(client.session.fetch(address)).rejects.toThrow('is not an address of')
    expect(sent).toHaveLength(2)
  })
})

describe('createClient', () => {
  it('takes an origin with a slash behind it', async () => {
    const sent: string[] = []
    const fetch = async (input: RequestInfo | URL) => {
      sent.push(String(input))
      return Response.json({})
    }
    const client = createClient({ origin: `${ORIGIN}/`, fetch })
    await client.posts.list({}, { anonymous: true })
    expect(sent).toEqual([`${ORIGIN}/api/posts`])
  })

  it.each(['localhost:8787', 'api.example.com', 'https://a.test/api', 'ftp://a.test', '/', 'null'])(
    'origin "%s" → TypeError that shows the right form',
    (origin) => {
      expect(() => createClient({ origin })).toThrow(/origin must be like "https:\/\//)
    },
  )

  it('another storage → TypeError that names the three', () => {
    const storage = 'sessionStorage' as 'cookie'
    expect(() => createClient({ storage })).toThrow(/"cookie", "memory" or "localStorage"/)
  })
})
