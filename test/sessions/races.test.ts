/**
 * Many requests at once for one session: a few rounds each, or as many as RACE_ROUNDS says
 * (`RACE_ROUNDS=50 npm test -- test/sessions/races.test.ts`).
 */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, trips, workerWith } from '../support/client'
import {
  browserSignIn,
  cookieOf,
  me,
  refresh,
  sessionIdOf,
  type TokenAnswer,
  tokens,
} from '../support/sign-in'
import { admin, PASSWORD, person, register, signIn } from '../support/users'

const ROUNDS = Number(env.RACE_ROUNDS)

const times = <T>(count: number, work: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => work(index))

/** A Worker without the limit of refreshes per session, which many rounds of one session exceed. */
const unlimited = workerWith({ REFRESH_LIMIT: { limit: async () => ({ success: true }) } })
const statusesOf = (answers: Response[]) => answers.map((answer) => answer.status).sort()

const rowsOf = async (sessionId: string) =>
  (
    await env.DB.prepare('select counter from sessions where id = ?')
      .bind(sessionId)
      .all<{ counter: number }>()
  ).results

/** Refreshes one token in parallel with another act; the tokens that anybody got. */
async function refreshDuring(token: string, act: () => Promise<unknown>): Promise<TokenAnswer[]> {
  const at = Math.floor(Math.random() * 8)
  const answers = await Promise.all(
    times(8, async (index) => {
      if (index === at) await act()
      return refresh(token)
    }),
  )
  for (const answer of answers) expect([200, 400]).toContain(answer.status)
  return Promise.all(answers.filter((a) => a.ok).map((a) => a.json<TokenAnswer>()))
}

/** Nothing of the session works: no row, no access token, no refresh token. */
async function expectNothingLeft(token: string, refreshToken: string, got: TokenAnswer[]) {
  expect(await rowsOf(sessionIdOf(token))).toEqual([])
  for (const one of [token, ...got.map((answer) => answer.access_token)]) {
    expect((await me(one)).status).toBe(401)
  }
  for (const one of new Set([refreshToken, ...got.map((answer) => answer.refresh_token)])) {
    expect((await refresh(one)).status).toBe(400)
  }
}

describe('parallel refreshes', () => {
  it('with one token: one rotation, one successor, and the session lives', async () => {
    const ann = await person()
    let token = ann.refreshToken
    for (let round = 1; round <= ROUNDS; round++) {
      const answers = await Promise.all(times(50, () => refresh(token, {}, unlimited)))
      expect(answers.map(trips)).toEqual(times(50, () => 1))
      // One rotation and 16 repeats of the parent; more must wait, and the session lives.
      expect(statusesOf(answers)).toEqual([...times(17, () => 200), ...times(33, () => 429)])
      const bodies = await Promise.all(answers.filter((a) => a.ok).map(tokens))
      const successors = new Set(bodies.map((body) => body.refresh_token))
      expect(successors.size).toBe(1)
      expect(await rowsOf(sessionIdOf(ann.token))).toEqual([{ counter: round }])
      for (const body of bodies.slice(0, 3)) {
        expect((await me(body.access_token)).status).toBe(200)
      }
      token = [...successors][0] as string
    }
  })

  it('with one cookie: at most 17 tabs get the same next one', async () => {
    const ann = await register()
    let { cookie } = await browserSignIn(ann.email)
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(
        times(20, () => unlimited('POST', '/api/session/refresh', { cookie })),
      )
      expect(statusesOf(answers)).toEqual([...times(17, () => 200), ...times(3, () => 429)])
      const cookies = new Set(answers.filter((a) => a.ok).map(cookieOf))
      expect(cookies.size).toBe(1)
      cookie = [...cookies][0] as string
    }
  })

  it('with a parent and a grandparent token: the session ends, in any order', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const ann = await person()
      const child = await tokens(await refresh(ann.refreshToken))
      const grandchild = await tokens(await refresh(child.refresh_token))
      const answers = await Promise.all(
        [ann.refreshToken, child.refresh_token, grandchild.refresh_token, ann.refreshToken].map(
          (token) => refresh(token),
        ),
      )
      const got = await Promise.all(answers.filter((a) => a.ok).map((a) => a.json<TokenAnswer>()))
      await expectNothingLeft(ann.token, grandchild.refresh_token, got)
    }
  })
})

describe('a refresh raced with the end of its session leaves nothing alive:', () => {
  it('revoked', async () => {
    const ann = await register()
    for (let round = 0; round < ROUNDS; round++) {
      const { token, refreshToken } = await signIn(ann.email)
      const got = await refreshDuring(refreshToken, () =>
        call('POST', '/oauth/revoke', { form: { token: round % 2 ? token : refreshToken } }),
      )
      await expectNothingLeft(token, refreshToken, got)
    }
  })

  it('signed out, or replaced by another sign-in of the browser', async () => {
    const ann = await register()
    for (let round = 0; round < ROUNDS; round++) {
      const { token, cookie } = await browserSignIn(ann.email)
      const refreshToken = cookie.split('=')[1] as string
      const got = await refreshDuring(refreshToken, () =>
        round % 2 ? call('DELETE', '/api/session', { cookie }) : browserSignIn(ann.email, cookie),
      )
      await expectNothingLeft(token, refreshToken, got)
    }
  })

  it('ended from the list, alone or with all others', async () => {
    const ann = await person()
    for (let round = 0; round < ROUNDS; round++) {
      const { token, refreshToken } = await signIn(ann.email)
      const path = `/api/users/me/sessions${round % 2 ? '' : `/${sessionIdOf(token)}`}`
      const got = await refreshDuring(refreshToken, () =>
        call('DELETE', path, { token: ann.token }),
      )
      await expectNothingLeft(token, refreshToken, got)
    }
    expect((await me(ann.token)).status).toBe(200)
  })

  it('the password changed', async () => {
    const ann = await person()
    let password = PASSWORD
    for (let round = 0; round < ROUNDS; round++) {
      const { token, refreshToken } = await signIn(ann.email, password)
      const json = { current_password: password, new_password: `${PASSWORD} ${round}` }
      const got = await refreshDuring(refreshToken, async () => {
        const response = await call('PUT', '/api/users/me/password', { token: ann.token, json })
        expect(response.status).toBe(204)
      })
      password = json.new_password
      await expectNothingLeft(token, refreshToken, got)
    }
    expect((await me(ann.token)).status).toBe(200)
  })

  it('its user disabled by an admin', async () => {
    const [ann, root] = [await register(), await admin()]
    const set = (is_active: boolean) =>
      call('PATCH', `/api/admin/users/${ann.id}`, { token: root.token, json: { is_active } })
    for (let round = 0; round < ROUNDS; round++) {
      const { token, refreshToken } = await signIn(ann.email)
      const got = await refreshDuring(refreshToken, async () => {
        expect((await set(false)).status).toBe(200)
      })
      await expectNothingLeft(token, refreshToken, got)
      expect((await set(true)).status).toBe(200)
      await expectNothingLeft(token, refreshToken, got) // enabled again, still over
    }
  })

  it('the account deleted', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const ann = await person()
      const { token, refreshToken } = await signIn(ann.email)
      const got = await refreshDuring(refreshToken, async () => {
        const json = { password: PASSWORD }
        const response = await call('POST', '/api/users/me/deletion', { token: ann.token, json })
        expect(response.status).toBe(204)
      })
      await expectNothingLeft(token, refreshToken, got)
      await expectNothingLeft(ann.token, ann.refreshToken, [])
    }
  })
})

describe('a sign-in raced with', () => {
  it('a change of its password starts no session with the old one that outlives it', async () => {
    const ann = await person()
    const json = { current_password: PASSWORD, new_password: `${PASSWORD} new` }
    const [changed, ...signIns] = await Promise.all([
      call('PUT', '/api/users/me/password', { token: ann.token, json }),
      ...times(4, () =>
        call('POST', '/api/users/token', { form: { username: ann.email, password: PASSWORD } }),
      ),
    ])
    expect(changed?.status).toBe(204)
    for (const response of signIns) {
      if (response.status !== 200) continue
      const { access_token } = await response.json<TokenAnswer>()
      expect((await me(access_token)).status).toBe(401)
    }
  })
})
