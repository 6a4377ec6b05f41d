/** The functions for the common acts, against the built Worker. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client'
import { newPerson, openBrowser, PASSWORD, startWorker } from './worker'

/** A PNG of one pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==',
  'base64',
)

let worker: Awaited<ReturnType<typeof startWorker>>
let ann: Client
beforeAll(async () => {
  worker = await startWorker()
  ann = openBrowser(worker.url, 'cookie').tab()
  const person = newPerson()
  await ann.register(person)
  await ann.session.signIn(person.username, PASSWORD)
}, 60_000)
afterAll(() => worker.stop())

describe('posts', () => {
  it('create, get, update, list, search, delete', async () => {
    const post = await ann.posts.create({ title: 'Xylophones', content: 'Wood.' })
    expect(await ann.posts.get(post.id)).toEqual(post)
    const changed = await ann.posts.update(post.id, { content: 'Metal.' }, { ifMatch: post.etag })
    expect(changed).toMatchObject({ title: 'Xylophones', content: 'Metal.' })
    expect(changed.etag).not.toBe(post.etag)
    const { posts, next_cursor } = await ann.posts.list({ limit: 1 })
    expect(posts.map(({ id }) => id)).toEqual([post.id])
    expect(next_cursor).toBeNull()
    expect((await ann.posts.search('metal')).posts).toHaveLength(1)
    expect((await ann.posts.search('wood')).posts).toHaveLength(0)
    await ann.posts.delete(post.id, { ifMatch: changed.etag })
    await expect(ann.posts.get(post.id)).rejects.toMatchObject({ code: 'post-not-found' })
  })

  it('update with the etag of an older version → 412 precondition-failed', async () => {
    const { id, etag } = await ann.posts.create({ title: 'One', content: 'x' })
    await ann.posts.update(id, { title: 'Two' })
    const late = ann.posts.update(id, { title: 'Three' }, { ifMatch: etag })
    await expect(late).rejects.toMatchObject({ status: 412, code: 'precondition-failed' })
  })

  it('create twice with one key → one post', async () => {
    const text = { title: 'Once', content: 'x' }
    const idempotencyKey = crypto.randomUUID()
    const [first, second] = [
      await ann.posts.create(text, { idempotencyKey }),
      await ann.posts.create(text, { idempotencyKey }),
    ]
    expect(second.id).toBe(first.id)
  })
})

describe('the account', () => {
  it('register with what is taken or too short → code, and the member', async () => {
    const person = newPerson()
    await ann.register(person)
    const { email } = newPerson()
    const again = ann.register({ ...person, email })
    await expect(again).rejects.toMatchObject({ code: 'username-taken' })
    const short = ann.register({ ...newPerson(), password: 'short' })
    await expect(short).rejects.toMatchObject({
      code: 'invalid-request',
      fields: { password: 'must have at least 8 characters' },
    })
  })

  it('avatar.set and avatar.delete change the user of the session', async () => {
    const image = () => ('user' in ann.session.state ? ann.session.state.user.image_url : undefined)
    await ann.avatar.set(new Blob([PNG], { type: 'image/png' }))
    expect(image()).toMatch(/\/avatars\//)
    await ann.avatar.delete()
    expect(image()).toBeNull()
  })

  it('changePassword with a wrong one → wrong-password; with the right one others end', async () => {
    const wrong = ann.changePassword({ current_password: 'wrong wrong', new_password: PASSWORD })
    await expect(wrong).rejects.toMatchObject({ code: 'wrong-password' })
    const fresh = `${PASSWORD} 2`
    await ann.changePassword({ current_password: PASSWORD, new_password: fresh })
    expect((await ann.sessions.list()).sessions.map(({ current }) => current)).toEqual([true])
    await ann.changePassword({ current_password: fresh, new_password: `${PASSWORD} 3` })
  })

  it('events.list, export, forgotPassword, sendVerification, changeEmail', async () => {
    const { events } = await ann.events.list({ limit: 5 })
    expect(events.map(({ type }) => type)).toContain('password_changed')
    const file = await ann.export()
    expect(file.type).toMatch(/^application\/json/)
    expect(JSON.parse(await file.text())).toHaveProperty('profile.username')
    expect((await ann.forgotPassword('unknown@example.com')).message).toMatch(/\w/)
    expect((await ann.sendVerification()).message).toMatch(/\w/)
    const body = { email: newPerson().email, password: `${PASSWORD} 3` }
    expect((await ann.changeEmail(body)).message).toMatch(/\w/)
  })

  it('the functions of mailed links with a token that is none → invalid-token', async () => {
    const invalid = { code: 'invalid-token' }
    for (const use of [ann.previewLink, ann.verifyEmail, ann.disownLink])
      await expect(use('x')).rejects.toMatchObject(invalid)
    const reset = ann.resetPassword({ token: 'x', new_password: `${PASSWORD} 4` })
    await expect(reset).rejects.toMatchObject(invalid)
  })

  it('session.reload reads the user again', async () => {
    await ann.session.fetch('/api/users/me', {
      method: 'PATCH',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ full_name: 'Changed Elsewhere' }),
    })
    await ann.session.reload()
    expect(ann.session.state).toMatchObject({ user: { full_name: 'Changed Elsewhere' } })
  })
})
