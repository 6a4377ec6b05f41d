// Every kind of statement that the API makes, once: the requests of one walk through it. Responses
// are checked by status only, so that a recording that went wrong is noticed.
import { send } from '../../bench/load.mjs'

const PASSWORD = 'correct horse battery staple'
const OTHER_PASSWORD = 'a brand new horse battery'
const PNG = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e5270de60000000049454e44ae426082',
  'hex',
)

/**
 * @param {URL} url a Worker built from the recorder
 * @returns {Promise<object[][]>} its trips to D1
 */
export async function walk(url) {
  const ask = asking(url)
  const [ann, bob] = [await register(ask, 'ann'), await register(ask, 'bob')]
  await signIns(ask)
  const tokens = await signIn(ask, 'ann')
  await profile(ask, tokens.access_token)
  await posts(ask, tokens.access_token, ann.id)
  await addresses(ask, tokens.access_token)
  await passwords(ask)
  await sessions(ask)
  await administration(ask, bob.id)
  const last = await signIn(ask, 'ann', OTHER_PASSWORD)
  const leave = { json: { password: OTHER_PASSWORD }, token: last.access_token }
  await ask(204, 'POST', '/api/users/me/deletion', leave)
  await ask(200, 'GET', '/ready')
  await ask(200, 'POST', '/recorded/hour')
  return (await ask(200, 'GET', '/recorded')).trips
}

/** @param {URL} url */
function asking(url) {
  return async (status, method, path, options = {}) => {
    const answer = await (options.bytes
      ? upload(url, path, options)
      : send(url, { method, path, ...options }))
    if (answer.status !== status)
      throw new Error(`${method} ${path} answered ${answer.status}, not ${status}: ${answer.text}`)
    const body = answer.text.startsWith('{') ? JSON.parse(answer.text) : {}
    return Object.assign(body, { headers: answer.headers })
  }
}

async function upload(url, path, { bytes, token }) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'image/png' }
  const response = await fetch(new URL(path, url), { method: 'PUT', headers, body: bytes })
  return { status: response.status, text: await response.text(), headers: {} }
}

const register = (ask, username) =>
  ask(201, 'POST', '/api/users', {
    json: { username, email: `${username}@example.com`, password: PASSWORD },
  })

const signIn = (ask, username, password = PASSWORD) =>
  ask(200, 'POST', '/api/users/token', { form: { username, password } })

async function signIns(ask) {
  await ask(409, 'POST', '/api/users', {
    json: { username: 'ann', email: 'x@example.com', password: PASSWORD },
  })
  await ask(401, 'POST', '/api/users/token', {
    form: { username: 'ann', password: 'not this one' },
  })
  await ask(401, 'POST', '/api/users/token', {
    form: { username: 'nemo', password: 'not this one' },
  })
  const grant = (form) => ({
    form: { grant_type: 'password', username: 'ann', password: PASSWORD, ...form },
  })
  const { refresh_token } = await ask(200, 'POST', '/oauth/token', grant({ scope: 'posts:write' }))
  const refresh = { form: { grant_type: 'refresh_token', refresh_token } }
  const next = await ask(200, 'POST', '/oauth/token', refresh)
  await ask(200, 'POST', '/oauth/token', refresh)
  await ask(200, 'POST', '/oauth/token', {
    form: { grant_type: 'refresh_token', refresh_token: next.refresh_token },
  })
  await ask(400, 'POST', '/oauth/token', refresh)
  await ask(200, 'POST', '/oauth/revoke', { form: { token: next.refresh_token } })
  const session = await ask(200, 'POST', '/api/session', {
    json: { login: 'ann', password: PASSWORD },
  })
  const cookie = (answer) => String(answer.headers['set-cookie']).split(';')[0]
  const refreshed = await ask(200, 'POST', '/api/session/refresh', {
    headers: { Cookie: cookie(session) },
  })
  await ask(204, 'DELETE', '/api/session', { headers: { Cookie: cookie(refreshed) } })
  await ask(401, 'GET', '/api/users/me', { token: refreshed.access_token })
}

async function profile(ask, token) {
  await ask(200, 'GET', '/api/users/me', { token })
  await ask(200, 'PATCH', '/api/users/me', { token, json: { full_name: 'Ann Example' } })
  await ask(409, 'PATCH', '/api/users/me', { token, json: { username: 'bob' } })
  await ask(200, 'PUT', '/api/users/me/avatar', { token, bytes: PNG })
  await ask(204, 'DELETE', '/api/users/me/avatar', { token })
  await ask(200, 'GET', '/api/users/me/events?limit=2', { token })
  await ask(200, 'GET', '/api/users/me/export', { token })
}

async function posts(ask, token, id) {
  const post = { title: 'Hello, world', content: 'My first post.' }
  const headers = { 'Idempotency-Key': 'one-key-of-the-walk' }
  await ask(201, 'POST', '/api/posts', { token, json: post, headers })
  await ask(201, 'POST', '/api/posts', { token, json: post, headers })
  await ask(201, 'POST', '/api/posts', { token, json: { ...post, title: 'Another' } })
  await ask(200, 'GET', '/api/posts/1')
  const list = await ask(200, 'GET', '/api/posts?limit=1')
  await ask(200, 'GET', `/api/posts?limit=1&cursor=${list.next_cursor}`)
  await ask(200, 'GET', '/api/posts?q=hello&limit=1')
  await ask(200, 'GET', `/api/posts?author=${id}`)
  await ask(200, 'GET', `/api/users/${id}`)
  await ask(200, 'GET', `/api/users/${id}/posts`)
  await ask(404, 'GET', '/api/users/999')
  await ask(200, 'PATCH', '/api/posts/1', { token, json: { title: 'Again' } })
  await ask(412, 'PATCH', '/api/posts/1', {
    token,
    json: { title: 'Late' },
    headers: { 'If-Match': '"1.1"' },
  })
  await ask(200, 'PUT', '/api/posts/1', { token, json: post })
  await ask(404, 'PATCH', '/api/posts/999', { token, json: { title: 'Nothing' } })
  await ask(204, 'DELETE', '/api/posts/1', { token })
}

/** The token of the newest mail to an address. */
async function mailed(ask, address) {
  await new Promise((done) => setTimeout(done, 500)) // mails follow their response
  const { mails } = await ask(200, 'GET', '/recorded')
  return mails
    .filter(({ to }) => to === address)
    .map(({ text }) => /#token=([\w-]+)/.exec(text)?.[1])
    .findLast((token) => token)
}

async function addresses(ask, token) {
  const confirm = async (address) =>
    ask(204, 'POST', '/api/users/verify-email', { json: { token: await mailed(ask, address) } })
  await ask(202, 'POST', '/api/users/me/verify-email', { token })
  await confirm('ann@example.com')
  await ask(400, 'POST', '/api/users/verify-email', { json: { token: 'T'.repeat(43) } })
  await ask(202, 'PUT', '/api/users/me/email', {
    token,
    json: { email: 'bob@example.com', password: PASSWORD },
  })
  await ask(202, 'PUT', '/api/users/me/email', {
    token,
    json: { email: 'ann@new.example', password: PASSWORD },
  })
  await confirm('ann@new.example')
}

async function passwords(ask) {
  const { access_token: token } = await signIn(ask, 'ann')
  const change = { current_password: PASSWORD, new_password: OTHER_PASSWORD }
  await ask(403, 'PUT', '/api/users/me/password', {
    token,
    json: { ...change, current_password: 'not this one' },
  })
  await ask(204, 'PUT', '/api/users/me/password', { token, json: change })
  await ask(202, 'POST', '/api/users/forgot-password', { json: { email: 'ann@new.example' } })
  await ask(202, 'POST', '/api/users/forgot-password', { json: { email: 'nemo@example.com' } })
  const reset = { token: await mailed(ask, 'ann@new.example'), new_password: PASSWORD }
  await ask(204, 'POST', '/api/users/reset-password', { json: reset })
  await ask(400, 'POST', '/api/users/reset-password', { json: reset })
  const again = await signIn(ask, 'ann')
  await ask(204, 'PUT', '/api/users/me/password', { token: again.access_token, json: change })
}

async function sessions(ask) {
  const { access_token: token } = await signIn(ask, 'ann', OTHER_PASSWORD)
  await signIn(ask, 'ann', OTHER_PASSWORD)
  const { sessions: list } = await ask(200, 'GET', '/api/users/me/sessions', { token })
  const other = list.find(({ current }) => !current)
  await ask(204, 'DELETE', `/api/users/me/sessions/${other.id}`, { token })
  await ask(204, 'DELETE', '/api/users/me/sessions', { token })
}

async function administration(ask, id) {
  const grant = `update users set role = 'admin' where username = 'ann'`
  await ask(200, 'POST', '/recorded/sql', { json: grant })
  const { access_token: token } = await signIn(ask, 'ann', OTHER_PASSWORD)
  await ask(200, 'GET', '/api/admin/users?limit=1', { token })
  await ask(200, 'GET', '/api/admin/events?limit=2', { token })
  await ask(200, 'PATCH', `/api/admin/users/${id}`, { token, json: { is_active: false } })
  await ask(200, 'PATCH', `/api/admin/users/${id}`, {
    token,
    json: { is_active: true, role: 'admin' },
  })
  await ask(204, 'DELETE', `/api/admin/users/${id}/sessions`, { token })
}
