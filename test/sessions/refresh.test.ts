import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips } from '../support/client'
import { passMs, stopClock } from '../support/clock'
import {
  expectDead,
  expectOAuthError,
  expectProblem,
  me,
  oauthSignIn,
  refresh,
  sessionIdOf,
  tokens,
} from '../support/sign-in'
import { admin, disable, eventsOf, type Person, person, setRole } from '../support/users'

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND

stopClock()
/** Refreshes and gives the next refresh token. */
const next = async (token: string) => (await tokens(await refresh(token))).refresh_token
const rows = async (sessionId: string) =>
  (await env.DB.prepare('select * from sessions where id = ?').bind(sessionId).all()).results

describe('a refresh token', () => {
  it('is replaced by the next one, many times, and the session stays active', async () => {
    const ann = await person()
    let token = ann.refreshToken
    for (let counter = 1; counter <= 5; counter++) {
      const body = await tokens(await refresh(token))
      expect(body.refresh_token.split('.')[1]).toBe(String(counter))
      expect(sessionIdOf(body.access_token)).toBe(sessionIdOf(ann.token))
      expect((await me(body.access_token)).status).toBe(200)
      token = body.refresh_token
    }
    expect((await me(ann.token)).status).toBe(200) // access tokens of the session stay good
  })

  it('may be repeated for exactly ten seconds → the same successor', async () => {
    const ann = await person()
    const successor = await next(ann.refreshToken)
    for (const ms of [0, 5 * SECOND, 5 * SECOND]) {
      passMs(ms)
      expect(await next(ann.refreshToken)).toBe(successor)
    }
    passMs(1)
    await expectOAuthError(await refresh(ann.refreshToken), 'invalid_grant')
    await expectDead({ token: ann.token, refreshToken: successor })
    await expectDead({ refreshToken: ann.refreshToken })
    expect(await rows(sessionIdOf(ann.token))).toEqual([])
    expect(await eventsOf(ann.id)).toContain('refresh_reused')
  })

  it('used after its successor was used → 400, and the session ends at once', async () => {
    const ann = await person()
    const first = await next(ann.refreshToken)
    const second = await next(first)
    const response = await refresh(ann.refreshToken)
    expect(trips(response)).toBe(1)
    await expectOAuthError(response, 'invalid_grant')
    await expectDead({ token: ann.token, refreshToken: second })
  })

  it('of a grandparent → 400, and the session ends, though its child may still be repeated', async () => {
    const ann = await person()
    const first = await next(ann.refreshToken)
    const second = await next(first)
    expect(await next(first)).toBe(second)
    await expectOAuthError(await refresh(ann.refreshToken), 'invalid_grant')
    await expectOAuthError(await refresh(first), 'invalid_grant')
    await expectDead({ token: ann.token, refreshToken: second })
  })

  it('that is reused ends no other session', async () => {
    const ann = await person()
    const other = await oauthSignIn(ann.email)
    await next(await next(ann.refreshToken))
    await expectOAuthError(await refresh(ann.refreshToken), 'invalid_grant')
    expect((await me(other.access_token)).status).toBe(200)
    await tokens(await refresh(other.refresh_token))
  })

  it('expires after 30 idle days, with the access tokens of its session', async () => {
    const ann = await person()
    passMs(30 * DAY - 1)
    const { refresh_token } = await tokens(await refresh(ann.refreshToken))
    passMs(29 * DAY)
    const { access_token, refresh_token: last } = await tokens(await refresh(refresh_token))
    passMs(30 * DAY)
    await expectOAuthError(await refresh(last), 'invalid_grant')
    await expectDead({ token: access_token })
    // It has ended, and was not reused: nothing to be afraid of.
    expect(await eventsOf(ann.id)).not.toContain('refresh_reused')
  })

  it('expires after 90 days in any case, as expires_at says', async () => {
    const ann = await person()
    const start = Date.now()
    let token = ann.refreshToken
    let accessToken = ann.token
    for (let day = 20; day <= 80; day += 20) {
      passMs(20 * DAY)
      const body = await tokens(await refresh(token))
      token = body.refresh_token
      accessToken = body.access_token
    }
    const { sessions } = await (
      await call('GET', '/api/users/me/sessions', { token: accessToken })
    ).json<{ sessions: { expires_at: string }[] }>()
    const lastDay = new Date(start + 90 * DAY).toISOString().slice(0, 10)
    expect(sessions.map((s) => s.expires_at)).toEqual([`${lastDay}T00:00:00.000Z`])
    passMs(10 * DAY - SECOND)
    const last = await tokens(await refresh(token))
    expect((await me(last.access_token)).status).toBe(200)
    passMs(SECOND)
    // A good access token of a session that is over is a dead one.
    await expectDead({ token: last.access_token, refreshToken: last.refresh_token })
  })

  it('narrows the scope of one access token, never of the session', async () => {
    const ann = await person()
    const narrow = await tokens(await refresh(ann.refreshToken, { scope: 'account' }))
    expect(narrow.scope).toBe('account')
    const forbidden = await call('POST', '/api/posts', {
      token: narrow.access_token,
      json: { title: 'x', content: 'x' },
    })
    expect(forbidden.status).toBe(403)
    const wide = await tokens(await refresh(narrow.refresh_token))
    expect(wide.scope).toBe('posts:write account')
  })

  it('is not used up by invalid_scope, current or just used', async () => {
    const ann = await person()
    for (const scope of ['admin', 'account admin', 'no-such-scope']) {
      await expectOAuthError(await refresh(ann.refreshToken, { scope }), 'invalid_scope')
    }
    const successor = await next(ann.refreshToken)
    await expectOAuthError(await refresh(ann.refreshToken, { scope: 'admin' }), 'invalid_scope')
    expect(await next(ann.refreshToken)).toBe(successor)

    const narrow = await oauthSignIn(ann.email, { scope: 'account' })
    const widened = await refresh(narrow.refresh_token, { scope: 'account posts:write' })
    await expectOAuthError(widened, 'invalid_scope')
    expect((await tokens(await refresh(narrow.refresh_token))).scope).toBe('account')
  })

  it('→ 400 when the role has lost the whole scope of the session', async () => {
    const root = await admin()
    const { refresh_token } = await oauthSignIn(root.email, { scope: 'admin' })
    await setRole(root.id, 'user')
    await expectOAuthError(await refresh(refresh_token), 'invalid_scope')
    await setRole(root.id, 'admin')
    // Not consumed: it is the first one still.
    expect((await tokens(await refresh(refresh_token))).refresh_token).toContain('.1.')
  })

  it('loses the scope that the role of its user lost', async () => {
    const root = await admin()
    await setRole(root.id, 'user')
    const body = await tokens(await refresh(root.refreshToken))
    expect(body.scope).toBe('posts:write account')
    await expectOAuthError(await refresh(body.refresh_token, { scope: 'admin' }), 'invalid_scope')
  })

  it('works for its own client, and is not used up by another', async () => {
    const ann = await person()
    const mine = await oauthSignIn(ann.email, { client_id: 'my-app' })
    for (const more of [{}, { client_id: 'other' }, { client_id: 'first-party' }]) {
      const response = await refresh(mine.refresh_token, more)
      expect(trips(response)).toBe(1)
      await expectOAuthError(response, 'invalid_grant')
    }
    await expectOAuthError(
      await refresh(ann.refreshToken, { client_id: 'my-app' }),
      'invalid_grant',
    )
    await tokens(await refresh(mine.refresh_token, { client_id: 'my-app' }))
    await tokens(await refresh(ann.refreshToken))
  })

  it('of a disabled user → 400 invalid_grant', async () => {
    const ann = await person()
    await disable(ann.id)
    await expectDead({ token: ann.token, refreshToken: ann.refreshToken })
  })
})

describe('a forged, garbled or foreign refresh token', () => {
  const flip = (text: string, at: number) =>
    text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)

  function wrongTokens(ann: Person, bob: Person): [string, string][] {
    const [session = '', counter = '', mac = ''] = ann.refreshToken.split('.')
    const [otherSession = '', , otherMac = ''] = bob.refreshToken.split('.')
    const token = ann.refreshToken
    return [
      ['another session with this mac', `${otherSession}.${counter}.${mac}`],
      ['this session with another mac', `${session}.${counter}.${otherMac}`],
      ['the next counter', `${session}.1.${mac}`],
      ['a negative counter', `${session}.-1.${mac}`],
      ['a counter spelled 00', `${session}.00.${mac}`],
      ['a counter spelled 0x0', `${session}.0x0.${mac}`],
      ['a counter spelled 0e0', `${session}.0e0.${mac}`],
      ['an endless counter', `${session}.${'9'.repeat(400)}.${mac}`],
      ['no mac', `${session}.${counter}.`],
      ['two parts', `${session}.${counter}`],
      ['four parts', `${token}.x`],
      ['shorter', token.slice(0, -1)],
      ['longer', `${token}A`],
      ['padded', `${token}=`],
      ['with a space', `${token} `],
      ['with a line break', `${token}\n`],
      ['with NUL', `${token}\u0000`],
      ['in capitals', token.toUpperCase()],
      ['with flipped spare bits', flipLast(token)],
      ['with one bit of the mac flipped', flip(token, token.length - 5)],
      ['with one bit of the session flipped', flip(token, 3)],
      ['an access token', ann.token],
      ['nonsense', '..'],
      ['a very long one', 'A'.repeat(8_000)],
      ['of script', '\u{1f600}.0.\u{1f600}'],
    ]
  }

  /** Flips the lowest bit of the last character, which base64url decoders throw away. */
  function flipLast(text: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) as string) ^ 1]
  }

  it('is rejected at every endpoint, without a trip, and uses nothing up', async () => {
    const [ann, bob] = [await person(), await person('bob')]
    for (const [what, token] of wrongTokens(ann, bob)) {
      const answers = [
        await refresh(token),
        await call('POST', '/api/session/refresh', {
          cookie: `__Host-gatepost=${encodeURIComponent(token)}`,
        }),
        await call('GET', '/api/users/me', { token: token.replaceAll(/[^\x20-\x7e]/g, '') }),
        await call('DELETE', '/api/session', {
          cookie: `__Host-gatepost=${encodeURIComponent(token)}`,
        }),
        // An access token revokes its session, truthfully.
        ...(token === ann.token ? [] : [await call('POST', '/oauth/revoke', { form: { token } })]),
      ]
      const expected = [400, 401, token === ann.token ? 200 : 401, 204, 200]
      expect(
        answers.map((a) => a.status),
        what,
      ).toEqual(expected.slice(0, answers.length))
      if (token !== ann.token) expect(answers.map(trips), what).toEqual([0, 0, 0, 0, 0])
    }
    for (const someone of [ann, bob]) {
      await tokens(await refresh(someone.refreshToken))
      expect((await me(someone.token)).status).toBe(200)
    }
  })
})

describe('the parent of the current token', () => {
  it('may be presented by 16 tabs in parallel, with one event', async () => {
    const ann = await person()
    const successor = await next(ann.refreshToken)
    const repeated = await Promise.all(Array.from({ length: 16 }, () => next(ann.refreshToken)))
    expect(new Set(repeated)).toEqual(new Set([successor]))
    expect((await eventsOf(ann.id)).filter((type) => type === 'refresh_repeated')).toHaveLength(1)
  })

  it('presented more often → 429 too-many-requests at every endpoint, and the session lives', async () => {
    const ann = await person()
    const successor = await next(ann.refreshToken)
    for (let repeat = 0; repeat < 16; repeat++) expect(await next(ann.refreshToken)).toBe(successor)
    const answers = [
      await refresh(ann.refreshToken),
      await call('POST', '/api/session/refresh', { cookie: `__Host-gatepost=${ann.refreshToken}` }),
    ]
    for (const answer of answers) {
      expect(answer.headers.get('Retry-After')).toBe('60')
      await expectProblem(answer, 429, 'too-many-requests')
    }
    expect((await me(ann.token)).status).toBe(200)
    const later = await next(successor)
    // The next rotation begins with a new count.
    expect(await next(successor)).toBe(later)
    expect((await eventsOf(ann.id)).filter((type) => type === 'refresh_repeated')).toHaveLength(2)
  })
})

describe('one session', () => {
  it('→ 429 after 120 refreshes a minute, from any address; forged tokens are not counted', async () => {
    const ann = await person()
    const [session = '', counter = ''] = ann.refreshToken.split('.')
    const forged = `${session}.${counter}.${'A'.repeat(43)}`
    for (let tried = 0; tried < 130; tried++)
      await expectOAuthError(await refresh(forged), 'invalid_grant')
    let token = ann.refreshToken
    let refused: Response | undefined
    // The minute of the limit may begin once in between.
    for (let done = 0; done <= 240 && !refused; done++) {
      const answer = await refresh(token)
      if (answer.status === 429) refused = answer
      else token = (await tokens(answer)).refresh_token
      if (refused) expect(done).toBeGreaterThanOrEqual(120)
    }
    if (!refused) throw new Error('240 refreshes, and none was refused')
    await expectProblem(refused, 429, 'too-many-requests')
    expect(trips(refused)).toBe(0)
    expect((await me(ann.token)).status).toBe(200)
  }, 60_000)
})
