import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Post } from '../../src/posts/schemas'
import type { UserPrivate } from '../../src/user'
import { call, ORIGIN, trips } from '../support/client'
import { NO_PICTURES, PICTURES, png } from '../support/pictures'
import { type Person, person, signIn } from '../support/users'

const put = (who: Partial<Person>, body: Uint8Array | string, type = 'image/png') =>
  call('PUT', '/api/users/me/avatar', {
    token: who.token,
    body: body as BodyInit,
    headers: { 'Content-Type': type },
  })

/** The path of the picture that an answer shows. */
const pathOf = async (response: Response) => {
  const { image_url } = await response.json<UserPrivate>()
  return image_url?.replace(ORIGIN, '') as string
}

const stored = async () => (await env.AVATARS.list()).objects.map((object) => object.key)

/** Waits for what the Worker does after its answer. */
async function until(fact: () => Promise<boolean>) {
  for (let i = 0; i < 50 && !(await fact()); i++) await new Promise((done) => setTimeout(done, 10))
  expect(await fact()).toBe(true)
}

describe('PUT /api/users/me/avatar', () => {
  it('→ 200; anyone can read a picture of each format, with the type of its bytes', async () => {
    const ann = await person()
    for (const [name, { make, type, extension }] of Object.entries(PICTURES)) {
      const bytes = make(64, 48)
      const changed = await put(ann, bytes, type)
      expect([changed.status, trips(changed)], name).toEqual([200, 1])
      const user = await changed.json<UserPrivate>()
      expect(user).toMatchObject({ id: ann.id, email: ann.email })
      const path = user.image_url?.replace(ORIGIN, '') as string
      expect(path, name).toMatch(new RegExp(`^/avatars/[\\w-]{22}\\.${extension}$`))
      const shown = await call('GET', path)
      expect([shown.status, trips(shown)], name).toEqual([200, 0])
      expect(new Uint8Array(await shown.arrayBuffer()), name).toEqual(bytes)
      expect(shown.headers.get('Content-Type'), name).toBe(type)
      expect(shown.headers.get('Cache-Control')).toBe('public, max-age=86400')
      expect(shown.headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(shown.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    }
  })

  it('detects the type from the bytes, not from Content-Type', async () => {
    const ann = await person()
    const path = await pathOf(await put(ann, png(1, 1), 'image/webp'))
    expect((await call('GET', path)).headers.get('Content-Type')).toBe('image/png')
    for (const [name, bytes] of NO_PICTURES) {
      const response = await put(ann, bytes)
      expect([response.status, trips(response)], name).toEqual([415, 0])
    }
    for (const type of [
      'image/svg+xml',
      'image/gif',
      'text/html',
      'application/json',
      'multipart/form-data; boundary=x',
    ]) {
      const response = await put(ann, png(1, 1), type)
      expect([response.status, trips(response)], type).toEqual([415, 0])
    }
  })

  it('accepts 4096 × 4096 pixels and 2 MiB, and rejects more', async () => {
    const ann = await person()
    const filled = (size: number) => {
      const bytes = new Uint8Array(size)
      bytes.set(png(4096, 4096))
      return bytes
    }
    expect((await put(ann, filled(2 * 1024 * 1024))).status).toBe(200)
    const large = await put(ann, filled(2 * 1024 * 1024 + 1))
    expect([large.status, trips(large)]).toEqual([413, 0])
    for (const [width, height] of [
      [4097, 1],
      [1, 4097],
      [0, 1],
      [1, 0],
      [4_294_967_295, 4_294_967_295],
    ] as const) {
      const response = await put(ann, png(width, height))
      expect([response.status, trips(response)], `${width} × ${height}`).toEqual([422, 0])
    }
  })

  it('deletes the former picture, and changes the ETags of the posts that show it', async () => {
    const ann = await person()
    const post = await call('POST', '/api/posts', {
      token: ann.token,
      json: { title: 'x', content: 'y' },
    })
    const { id } = await post.json<Post>()
    const first = await pathOf(await put(ann, png(1, 1)))
    const second = await pathOf(await put(ann, png(1, 1)))
    expect(second).not.toBe(first)
    await until(async () => (await call('GET', first)).status === 404)
    expect((await call('GET', second)).status).toBe(200)
    const shown = await call('GET', `/api/posts/${id}`)
    expect(shown.headers.get('ETag')).toBe('"1.3"')
    expect((await shown.json<Post>()).author.image_url).toBe(`${ORIGIN}${second}`)
  })

  it('→ 401 or 403 for a missing, narrow or ended token, and stores nothing', async () => {
    const ann = await person()
    const narrow = await signIn(ann.email, ann.password, { scope: 'posts:write' })
    const before = await stored()
    expect((await put({}, png(1, 1))).status).toBe(401)
    expect((await put(narrow, png(1, 1))).status).toBe(403)
    await env.DB.prepare('delete from sessions where user_id = ?').bind(ann.id).run()
    const dead = await put(ann, png(1, 1))
    expect([dead.status, trips(dead)]).toEqual([401, 1])
    await until(async () => (await stored()).length === before.length)
  })

  it('leaves a security event', async () => {
    const ann = await person()
    await put(ann, png(1, 1))
    const { results } = await env.DB.prepare(
      'select type from events where user_id = ? order by id desc',
    )
      .bind(ann.id)
      .all()
    expect(results[0]).toEqual({ type: 'avatar_changed' })
  })
})

describe('DELETE /api/users/me/avatar', () => {
  it('→ 204 and deletes the file; a repeated request does the same', async () => {
    const ann = await person()
    const path = await pathOf(await put(ann, png(1, 1)))
    const events = () =>
      env.DB.prepare(
        "select count(*) as n from events where user_id = ? and type = 'avatar_changed'",
      )
        .bind(ann.id)
        .first('n')
    for (let time = 0; time < 2; time++) {
      const response = await call('DELETE', '/api/users/me/avatar', { token: ann.token })
      expect([response.status, trips(response)]).toEqual([204, 1])
      expect(await events()).toBe(2)
    }
    const me = await call('GET', '/api/users/me', { token: ann.token })
    expect((await me.json<UserPrivate>()).image_url).toBeNull()
    await until(async () => (await call('GET', path)).status === 404)
  })
})

describe('the deletion of an account', () => {
  it('deletes its picture', async () => {
    const ann = await person()
    const path = await pathOf(await put(ann, png(1, 1)))
    const gone = await call('POST', '/api/users/me/deletion', {
      token: ann.token,
      json: { password: ann.password },
    })
    expect(gone.status).toBe(204)
    await until(async () => (await call('GET', path)).status === 404)
  })
})

describe('GET /avatars/{name}', () => {
  it('→ 304 for the current ETag', async () => {
    const ann = await person()
    const path = await pathOf(await put(ann, png(1, 1)))
    const etag = (await call('GET', path)).headers.get('ETag') as string
    for (const [known, status] of [
      [etag, 304],
      [`W/${etag}`, 304],
      ['"other"', 200],
      ['garbage', 200],
    ] as const) {
      const response = await call('GET', path, { headers: { 'If-None-Match': known } })
      expect(response.status, known).toBe(status)
      expect(response.headers.get('ETag')).toBe(etag)
    }
    const head = await call('HEAD', path)
    expect([head.status, head.headers.get('ETag')]).toEqual([200, etag])
  })

  it('→ 404 for any other name', async () => {
    for (const name of [
      'AAAAAAAAAAAAAAAAAAAAAA.png',
      'x',
      '..%2Fsecret',
      'AAAAAAAAAAAAAAAAAAAAAA.svg',
      '%00',
      'a'.repeat(2000),
    ]) {
      const response = await call('GET', `/avatars/${name}`)
      expect([response.status, trips(response)], name).toEqual([404, 0])
    }
  })
})
