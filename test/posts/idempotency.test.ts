import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips } from '../support/client'
import { TEXT } from '../support/posts'
import { type Person, person } from '../support/users'

const send = (who: Person, key: string, json: object = TEXT) =>
  call('POST', '/api/posts', { token: who.token, json, headers: { 'Idempotency-Key': key } })

const countOf = ({ id }: Person) =>
  env.DB.prepare('select count(*) as n from posts where author_id = ?').bind(id).first('n')

/** The parts of a response that differ between two posts. */
const said = async (response: Response) => ({
  status: response.status,
  etag: response.headers.get('ETag'),
  location: response.headers.get('Location'),
  body: await response.text(),
})

describe('Idempotency-Key', () => {
  it('repeated with the same text → the same 201, in one trip, and no second post', async () => {
    const ann = await person()
    const key = crypto.randomUUID()
    const first = await send(ann, key)
    const second = await send(ann, key)
    expect([trips(first), trips(second)]).toEqual([1, 1])
    const answer = await said(first)
    expect(answer.status).toBe(201)
    expect(await said(second)).toEqual(answer)
    // The same text, spelled otherwise.
    expect(await said(await send(ann, key, { content: TEXT.content, title: ' Hello ' }))).toEqual(
      answer,
    )
    expect(await countOf(ann)).toBe(1)
  })

  it('in twenty parallel requests → one post and twenty equal responses', async () => {
    const ann = await person()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(ann, 'once')))
    const texts = await Promise.all(
      answers.map(async (answer) => JSON.stringify(await said(answer))),
    )
    expect(new Set(texts).size).toBe(1)
    expect(answers[0]?.status).toBe(201)
    expect(await countOf(ann)).toBe(1)
  })

  it('with another text → 422, and no post', async () => {
    const ann = await person()
    await send(ann, 'k')
    for (const json of [
      { ...TEXT, title: 'Other' },
      { ...TEXT, content: 'A post.\n' },
      { title: TEXT.content, content: TEXT.title },
    ]) {
      const response = await send(ann, 'k', json)
      expect([response.status, trips(response)]).toEqual([422, 1])
      expect(await response.json()).toMatchObject({
        type: '/problems/idempotency-key-reused',
        errors: [{ pointer: '#/idempotency-key' }],
      })
    }
    expect(await countOf(ann)).toBe(1)
  })

  it('is separate for each user, and distinct for each key', async () => {
    const [ann, bob] = await Promise.all([person('ann'), person('bob')])
    for (const key of ['k', 'K', '"k"', 'k.']) {
      expect((await send(ann, key)).status, key).toBe(201)
      expect((await send(bob, key, { ...TEXT, title: 'Bob' })).status, key).toBe(201)
    }
    expect([await countOf(ann), await countOf(bob)]).toEqual([4, 4])
  })

  it('→ the same response after the post was changed or deleted', async () => {
    const ann = await person()
    const answer = await said(await send(ann, 'k'))
    const path = answer.location as string
    await call('PATCH', path, { token: ann.token, json: { title: 'Changed' } })
    expect(await said(await send(ann, 'k'))).toEqual(answer)
    expect((await (await call('GET', path)).json<{ title: string }>()).title).toBe('Changed')
    await call('DELETE', path, { token: ann.token })
    expect(await said(await send(ann, 'k'))).toEqual(answer)
    expect(await countOf(ann)).toBe(0)
  })

  it('is kept for 24 hours', async () => {
    const ann = await person()
    const first = await said(await send(ann, 'k'))
    const age = (ms: number) =>
      env.DB.prepare('update idempotency_keys set created_at = ? where user_id = ?')
        .bind(Date.now() - ms, ann.id)
        .run()
    await age(24 * 60 * 60 * 1000 - 60_000)
    expect((await said(await send(ann, 'k'))).location).toBe(first.location)
    await age(24 * 60 * 60 * 1000)
    expect((await said(await send(ann, 'k', { ...TEXT, title: 'New' }))).location).not.toBe(
      first.location,
    )
    expect(await countOf(ann)).toBe(2)
  })

  it('has 1 to 255 printable ASCII characters', async () => {
    const ann = await person()
    for (const key of ['', 'a b', 'ü', 'x'.repeat(256), '\t']) {
      const response = await send(ann, key)
      expect([response.status, trips(response)], key).toEqual([422, 0])
      expect(await response.json(), key).toMatchObject({
        errors: [{ pointer: '#/idempotency-key' }],
      })
    }
    for (const key of ['x', 'x'.repeat(255), `'; drop table posts; --`.replaceAll(' ', '')])
      expect((await send(ann, key)).status, key).toBe(201)
  })
})
