/** Sign-in by a mailed link, with the client, against the built Worker. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../../src/client'
import { newPerson, openBrowser, startWorker, until } from './worker'

let worker: Awaited<ReturnType<typeof startWorker>>
beforeAll(async () => {
  worker = await startWorker({ EMAIL_SIGN_IN: 'on' })
}, 60_000)
afterAll(() => worker.stop())

/** Replaces the mailed token by a known one: D1 has its hash only. */
async function tokenOf(username: string): Promise<string> {
  const token = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  const { meta } = await worker.db
    .prepare(
      'update sign_in_links set token_hash = ? where user_id = (select id from users where username = ?)',
    )
    .bind(Buffer.from(hash).toString('base64url'), username)
    .run()
  expect(meta.changes).toBe(1)
  return token
}

async function confirmed() {
  const person = newPerson()
  await openBrowser(worker.url, 'cookie').tab().register(person)
  await worker.db
    .prepare('update users set email_verified = 1 where username = ?')
    .bind(person.username)
    .run()
  return person
}

it('requestSignInLink and signInWithLink → signed in, in every tab of the browser', async () => {
  const { username, email } = await confirmed()
  const browser = openBrowser(worker.url, 'cookie')
  const [asking, other] = [browser.tab(), browser.tab()]
  const { message, code } = await asking.requestSignInLink(email)
  expect([message, code]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/^\d{6}$/)])
  expect([...browser.jar.keys()]).toEqual(['__Host-gatepost-link'])
  const user = await other.session.signInWithLink(await tokenOf(username))
  expect(user.username).toBe(username)
  await until(asking, 'signed-in')
  expect([...browser.jar.keys()]).toEqual(['__Host-gatepost'])
})

it('signInWithLink in another browser → link-code-required, wrong-code, then signed in', async () => {
  const { username, email } = await confirmed()
  const { code } = await openBrowser(worker.url, 'cookie').tab().requestSignInLink(email)
  const token = await tokenOf(username)
  const phone = openBrowser(worker.url, 'cookie').tab()
  const attempt = (entered?: string) => phone.session.signInWithLink(token, entered)
  await expect(attempt()).rejects.toMatchObject({ status: 401, code: 'link-code-required' })
  const wrong = code === '000000' ? '111111' : '000000'
  await expect(attempt(wrong)).rejects.toMatchObject({ status: 401, code: 'wrong-code' })
  await expect(attempt('12')).rejects.toMatchObject({ fields: { code: 'must have 6 digits' } })
  expect((await attempt(code)).username).toBe(username)
  await expect(attempt(code)).rejects.toMatchObject({ status: 400, code: 'invalid-token' })
})

it('signInWithLink with the storage memory → TypeError that names the storage', async () => {
  const tab = openBrowser(worker.url, 'memory').tab()
  await expect(tab.session.signInWithLink('x')).rejects.toThrow(/needs the storage "cookie"/)
})

it('requestSignInLink where the service does not offer it → not-found', async () => {
  const off = await startWorker()
  const tab = openBrowser(off.url, 'cookie').tab()
  await expect(tab.requestSignInLink('ann@example.com')).rejects.toMatchObject({
    code: 'not-found',
  })
  await off.stop()
}, 60_000)

it('requestSignInLink alone of the anonymous requests sends and stores cookies', async () => {
  const sent: unknown[] = []
  const fetch = async (_: unknown, init?: RequestInit) => {
    sent.push(init?.credentials)
    return Response.json({}, { status: 202 })
  }
  const client = createClient({ origin: worker.url, fetch: fetch as typeof globalThis.fetch })
  await client.requestSignInLink('ann@example.com')
  await client.forgotPassword('ann@example.com')
  await client.fetch('GET /api/session/email', { anonymous: true })
  expect(sent).toEqual(['include', 'omit', 'omit'])
})
