/**
 * Every way in which a session ends: from the next request on, nothing of it works, for reads and
 * for writes.
 */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call } from '../support/client'
import { catchMails, nextMail, tokenIn } from '../support/mailbox'
import { browserSignIn, expectDead, me, refresh, sessionIdOf, tokens } from '../support/sign-in'
import { admin, PASSWORD, person, register, signIn } from '../support/users'

catchMails()

const json = { title: 'A title', content: 'Some content' }
const postsOf = async (userId: number) =>
  (
    await env.DB.prepare('select count(*) as n from posts where author_id = ?')
      .bind(userId)
      .first<{ n: number }>()
  )?.n

/**
 * Asserts that both tokens of a session are dead, also for a token that was refreshed a moment
 * before.
 */
async function expectOver(
  userId: number,
  session: { token: string; refreshToken: string },
  end: () => Promise<Response>,
) {
  const fresh = await tokens(await refresh(session.refreshToken))
  expect((await me(fresh.access_token)).status).toBe(200)
  expect((await end()).ok).toBe(true)
  const before = await postsOf(userId)
  for (const token of [fresh.access_token, session.token]) {
    for (const response of [
      await me(token),
      await call('GET', '/api/users/me/sessions', { token }),
      await call('POST', '/api/posts', { token, json }),
      await call('DELETE', '/api/users/me/sessions', { token }),
    ]) {
      expect(response.status).toBe(401)
      expect(response.headers.get('WWW-Authenticate')).toContain('error="invalid_token"')
    }
  }
  expect(await postsOf(userId)).toBe(before)
  await expectDead({ refreshToken: fresh.refresh_token })
  await expectDead({ refreshToken: session.refreshToken })
}

describe('a session ends, from the next request, when', () => {
  it('it is revoked, or signed out in the browser', async () => {
    const ann = await register()
    const one = await signIn(ann.email)
    await expectOver(ann.id, one, () =>
      call('POST', '/oauth/revoke', { form: { token: one.refreshToken } }),
    )
    const { token, cookie } = await browserSignIn(ann.email)
    const refreshToken = cookie.split('=')[1] as string
    await expectOver(ann.id, { token, refreshToken }, () =>
      call('DELETE', '/api/session', { cookie }),
    )
  })

  it('it is ended from the list of another, alone or with all others', async () => {
    const ann = await person()
    const { token } = ann
    const one = await signIn(ann.email)
    await expectOver(ann.id, one, () =>
      call('DELETE', `/api/users/me/sessions/${sessionIdOf(one.token)}`, { token }),
    )
    await expectOver(ann.id, await signIn(ann.email), () =>
      call('DELETE', '/api/users/me/sessions', { token }),
    )
    expect((await me(token)).status).toBe(200)
  })

  it('the password is changed in another', async () => {
    const ann = await person()
    const change = { current_password: PASSWORD, new_password: 'another horse, another staple' }
    await expectOver(ann.id, await signIn(ann.email), () =>
      call('PUT', '/api/users/me/password', { token: ann.token, json: change }),
    )
    expect((await me(ann.token)).status).toBe(200)
    await tokens(await refresh(ann.refreshToken))
  })

  it('the password is reset by mail', async () => {
    const ann = await person()
    await call('POST', '/api/users/forgot-password', { json: { email: ann.email } })
    const token = tokenIn(await nextMail(ann.email, /password/i))
    await expectOver(ann.id, ann, () =>
      call('POST', '/api/users/reset-password', {
        json: { token, new_password: 'another horse, another staple' },
      }),
    )
  })

  it('its user is disabled, also when enabled again', async () => {
    const [ann, root] = [await person(), await admin()]
    const set = (is_active: boolean) =>
      call('PATCH', `/api/admin/users/${ann.id}`, { token: root.token, json: { is_active } })
    await expectOver(ann.id, ann, () => set(false))
    expect((await set(true)).status).toBe(200)
    await expectDead({ token: ann.token, refreshToken: ann.refreshToken })
    expect((await me((await signIn(ann.email)).token)).status).toBe(200)
  })

  it('an admin ends the sessions of its user', async () => {
    const [ann, root] = [await person(), await admin()]
    await expectOver(ann.id, ann, () =>
      call('DELETE', `/api/admin/users/${ann.id}/sessions`, { token: root.token }),
    )
  })

  it('the account is deleted', async () => {
    const ann = await person()
    const { token } = ann
    await expectOver(ann.id, await signIn(ann.email), () =>
      call('POST', '/api/users/me/deletion', { token, json: { password: PASSWORD } }),
    )
    await expectDead({ token, refreshToken: ann.refreshToken })
  })
})
