/** The acts of random histories. Each compares a response with the model's. */
import fc from 'fast-check'
import { expect, vi } from 'vitest'
import { call } from '../support/client'
import { cookieOf, sessionIdOf } from '../support/sign-in'
import { freshName } from '../support/users'
import type { AccessToken, Model, ModelSession, ModelUser, RefreshToken } from './model'

/** The real service, as the acts use it: an admin whose token is renewed as the clock moves. */
export interface Service {
  adminToken(): Promise<string>
}
type Command = fc.AsyncCommand<Model, Service>

/** An act on one of the things that exist: `pick` selects it, whatever their number. */
function act(
  name: string,
  isPossible: (model: Model) => boolean,
  run: (model: Model, service: Service) => Promise<void>,
): Command {
  return { check: isPossible, run, toString: () => name }
}
const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T
const at = fc.nat(1000)

const FIRST_PARTY = 'first-party'
const refreshForm = (refresh_token: string, client_id: string) => ({
  form: {
    grant_type: 'refresh_token',
    refresh_token,
    ...(client_id !== FIRST_PARTY && { client_id }),
  },
})

interface TokenBody {
  access_token: string
  refresh_token: string
}

async function registerUser(model: Model): Promise<ModelUser> {
  const username = freshName('model')
  const [email, password] = [`${username}@example.com`, `password of ${username}`]
  const answer = await call('POST', '/api/users', { json: { username, email, password } })
  expect(answer.status).toBe(201)
  const { id } = await answer.json<{ id: number }>()
  const rights = { isAdmin: false, isActive: true, isDeleted: false, failures: 0 }
  const user = { id, username, email, password, ...rights, sessions: [] }
  model.users.push(user)
  return user
}

const register = fc.constant(
  act(
    'register',
    (model) => model.users.length < 4,
    async (model) => void (await registerUser(model)),
  ),
)

const hasUser = (model: Model) => model.users.length > 0
const hasRefreshToken = (model: Model) => model.refreshTokens.length > 0
const hasAccessToken = (model: Model) => model.accessTokens.length > 0

function accept(model: Model, user: ModelUser, clientId: string, body: TokenBody) {
  const session = model.begin(user, sessionIdOf(body.access_token), clientId)
  model.receive(session, { access: body.access_token, refresh: body.refresh_token })
  return session
}

async function signInUser(model: Model, user: ModelUser, clientId: string, login: string) {
  if (!model.isFree(user)) return
  const form = {
    grant_type: 'password',
    username: login,
    password: user.password,
    ...(clientId !== FIRST_PARTY && { client_id: clientId }),
  }
  const answer = await call('POST', '/oauth/token', { form })
  expect(answer.status).toBe(model.maySignIn(user) ? 200 : 400)
  if (answer.ok) accept(model, user, clientId, await answer.json<TokenBody>())
  user.failures = answer.ok ? 0 : user.failures + 1
}

const signIn = fc
  .tuple(at, fc.constantFrom(FIRST_PARTY, 'app-one', 'app-two'), fc.boolean())
  .map(([who, clientId, byEmail]) =>
    act(`signIn(${who}, ${clientId})`, hasUser, (model) => {
      const user = pick(model.users, who)
      return signInUser(model, user, clientId, byEmail ? user.email : user.username)
    }),
  )

/** Where every history starts: two users, each with a session. */
export async function begin(model: Model) {
  for (const clientId of [FIRST_PARTY, 'app-one']) {
    const user = await registerUser(model)
    await signInUser(model, user, clientId, user.email)
  }
}

/** A browser signs in; a cookie of one of its former sessions ends that session. */
const signInBrowser = fc.tuple(at, fc.option(at)).map(([who, former]) =>
  act(`signInBrowser(${who}, ${former})`, hasUser, async (model) => {
    const user = pick(model.users, who)
    if (!model.isFree(user)) return
    const replaced =
      former === null || !hasRefreshToken(model) ? undefined : pick(model.refreshTokens, former)
    const answer = await call('POST', '/api/session', {
      json: { login: user.email, password: user.password },
      ...(replaced && { cookie: `__Host-gatepost=${replaced.text}` }),
    })
    expect(answer.status).toBe(model.maySignIn(user) ? 200 : 401)
    user.failures = answer.ok ? 0 : user.failures + 1
    if (!answer.ok) return
    if (replaced) model.end(replaced.session)
    const { access_token } = await answer.json<{ access_token: string }>()
    const refresh_token = cookieOf(answer).split('=')[1] ?? ''
    accept(model, user, FIRST_PARTY, { access_token, refresh_token })
  }),
)

/**
 * Sends a refresh token and checks the status; a received token is the one of the model's counter.
 */
async function refreshOnce(model: Model, token: RefreshToken, clientId: string, isLost: boolean) {
  const answer = await call('POST', '/oauth/token', refreshForm(token.text, clientId))
  expect(answer.status, `counter ${token.counter}`).toBe(model.refresh(token, clientId))
  if (!answer.ok) return
  const body = await answer.json<TokenBody>()
  expect(body.refresh_token.split('.')[1]).toBe(String(token.session.counter))
  if (!isLost)
    model.receive(token.session, { access: body.access_token, refresh: body.refresh_token })
}

const refresh = fc.tuple(at, fc.boolean()).map(([which, isLost]) =>
  act(`refresh(${which}${isLost ? ', lost' : ''})`, hasRefreshToken, (model) => {
    const token = pick(model.refreshTokens, which)
    return refreshOnce(model, token, token.session.clientId, isLost)
  }),
)

const refreshNewest = fc.boolean().map((isLost) =>
  act(`refreshNewest(${isLost ? 'lost' : ''})`, hasRefreshToken, (model) => {
    const token = model.refreshTokens.at(-1) as RefreshToken
    return refreshOnce(model, token, token.session.clientId, isLost)
  }),
)

/** Presents the parent of a current token: a response was lost, or another tab was slow. */
const refreshParent = at.map((which) =>
  act(`refreshParent(${which})`, hasRefreshToken, (model) => {
    const parents = model.refreshTokens.filter(
      ({ session, counter }) => !session.hasEnded && session.counter === counter + 1,
    )
    const token = pick(parents.length > 0 ? parents : model.refreshTokens, which)
    return refreshOnce(model, token, token.session.clientId, false)
  }),
)

const refreshAsOther = at.map((which) =>
  act(`refreshAsOther(${which})`, hasRefreshToken, (model) =>
    refreshOnce(model, pick(model.refreshTokens, which), 'another-app', false),
  ),
)

/** Two tabs present the same token at once: their responses may come in either order. */
const refreshPair = at.map((which) =>
  act(`refreshPair(${which})`, hasRefreshToken, async (model) => {
    const token = pick(model.refreshTokens, which)
    const { clientId } = token.session
    const form = refreshForm(token.text, clientId)
    const answers = await Promise.all([
      call('POST', '/oauth/token', form),
      call('POST', '/oauth/token', form),
    ])
    const expected = [model.refresh(token, clientId), model.refresh(token, clientId)].sort()
    expect(answers.map(({ status }) => status).sort()).toEqual(expected)
    for (const answer of answers.filter(({ ok }) => ok)) {
      const body = await answer.json<TokenBody>()
      expect(body.refresh_token.split('.')[1]).toBe(String(token.session.counter))
      model.receive(token.session, { access: body.access_token, refresh: body.refresh_token })
    }
  }),
)

const revoke = fc.tuple(at, fc.boolean()).map(([which, byAccess]) =>
  act(`revoke(${which}, ${byAccess})`, hasRefreshToken, async (model) => {
    const token = pick<AccessToken | RefreshToken>(
      byAccess ? model.accessTokens : model.refreshTokens,
      which,
    )
    const answer = await call('POST', '/oauth/revoke', { form: { token: token.text } })
    expect(answer.status).toBe(200)
    // An expired access token names no session any more.
    if (!('expiresAt' in token) || model.now < token.expiresAt) model.end(token.session)
  }),
)

const signOut = at.map((which) =>
  act(`signOut(${which})`, hasRefreshToken, async (model) => {
    const { text, session } = pick(model.refreshTokens, which)
    const answer = await call('DELETE', '/api/session', { cookie: `__Host-gatepost=${text}` })
    expect(answer.status).toBe(204)
    model.end(session)
  }),
)

/** A request with an access token of any age; `effect` applies if the model lets it pass. */
function asCaller(
  name: string,
  request: (token: AccessToken, model: Model) => Promise<Response>,
  status: number,
  effect: (token: AccessToken, model: Model) => void,
) {
  return at.map((which) =>
    act(`${name}(${which})`, hasAccessToken, async (model) => {
      const token = pick(model.accessTokens, which)
      const expected = model.accessStatus(token) === 200 ? status : 401
      const answer = await request(token, model)
      expect(answer.status, await answer.clone().text()).toBe(expected)
      if (expected === status) effect(token, model)
    }),
  )
}

const endOthers = asCaller(
  'endOthers',
  ({ text }) => call('DELETE', '/api/users/me/sessions', { token: text }),
  204,
  ({ session }, model) => model.endAll(session.user, session),
)

const endOwn = asCaller(
  'endOwn',
  ({ text, session }) => call('DELETE', `/api/users/me/sessions/${session.id}`, { token: text }),
  204,
  ({ session }, model) => model.end(session),
)

const listSessions = at.map((which) =>
  act(`listSessions(${which})`, hasAccessToken, async (model) => {
    const token = pick(model.accessTokens, which)
    const answer = await call('GET', '/api/users/me/sessions?limit=100', { token: token.text })
    expect(answer.status).toBe(model.accessStatus(token))
    if (!answer.ok) return
    const { sessions } = await answer.json<{ sessions: { id: string }[] }>()
    const expected = model.liveSessions(token.session.user).map(({ id }: ModelSession) => id)
    expect(sessions.map(({ id }) => id).sort()).toEqual(expected.sort())
  }),
)

const changePassword = asCaller(
  'changePassword',
  ({ text, session }) =>
    call('PUT', '/api/users/me/password', {
      token: text,
      json: {
        current_password: session.user.password,
        new_password: `${session.user.password} and more`,
      },
    }),
  204,
  ({ session }, model) => {
    session.user.password += ' and more'
    model.endAll(session.user, session)
  },
)

const rename = asCaller(
  'rename',
  ({ text, session }) => {
    const username = `${session.user.username.slice(0, 24)}x`
    return call('PATCH', '/api/users/me', { token: text, json: { username } })
  },
  200,
  ({ session: { user } }) => {
    user.username = `${user.username.slice(0, 24)}x`
  },
)

const deleteAccount = asCaller(
  'deleteAccount',
  ({ text, session }) =>
    call('POST', '/api/users/me/deletion', {
      token: text,
      json: { password: session.user.password },
    }),
  204,
  ({ session }, model) => model.remove(session.user),
)

/** An admin changes another account. */
const administer = (name: string, json: object, effect: (user: ModelUser, model: Model) => void) =>
  at.map((who) =>
    act(`${name}(${who})`, hasUser, async (model, service) => {
      const user = pick(model.users, who)
      const answer = await call('PATCH', `/api/admin/users/${user.id}`, {
        token: await service.adminToken(),
        json,
      })
      expect(answer.status).toBe(user.isDeleted ? 404 : 200)
      if (answer.ok) effect(user, model)
    }),
  )
const disable = administer('disable', { is_active: false }, (user, model) => model.disable(user))
const enable = administer('enable', { is_active: true }, (user) => {
  user.isActive = true
})
const promote = administer('promote', { role: 'admin' }, (user) => {
  user.isAdmin = true
})
const demote = administer('demote', { role: 'user' }, (user) => {
  user.isAdmin = false
})

/**
 * The clock jumps: within and beyond the repeat window, access tokens, idle and absolute limits.
 */
const passTime = fc
  .constantFrom(1, 4, 9.999, 10.001, 60, 14 * 60, 16 * 60, 86_400, 29 * 86_400, 31 * 86_400)
  .map((seconds) =>
    act(
      `pass ${seconds} s`,
      () => true,
      async (model) => {
        model.now += seconds * 1000
        vi.setSystemTime(model.now)
      },
    ),
  )

/** A history: acts that are frequent in life come more than once. */
export const histories = fc.commands(
  [
    register,
    signIn,
    signIn,
    signInBrowser,
    refresh,
    refreshNewest,
    refreshNewest,
    refreshParent,
    refreshParent,
    refreshAsOther,
    refreshPair,
    revoke,
    signOut,
    endOthers,
    endOwn,
    listSessions,
    changePassword,
    rename,
    deleteAccount,
    disable,
    enable,
    promote,
    demote,
    passTime,
    passTime,
  ],
  { maxCommands: 20, size: 'max' },
)
