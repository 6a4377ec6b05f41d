// `npm run test:faults [kills]`: clients register, sign in, refresh, post, change passwords and
// sign out while workerd is killed (SIGKILL) at random moments and started again on the same D1.
// Then what was answered is there, nothing is half made, nothing revoked lives, and every client
// can go on.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../../bench/build.mjs'
import { send } from '../../bench/load.mjs'
import { start } from '../../bench/server.mjs'
import { brokenInvariants } from './invariants.mjs'

const KILLS = Number(process.argv[2] ?? 30)
const CLIENTS = 6
const state = mkdtempSync(join(tmpdir(), 'gatepost-kill-'))
const { gatepost } = await build()

/** Everything that was answered with 2xx, and what is in doubt because its answer never came. */
const clients = Array.from({ length: CLIENTS }, () => ({
  person: null,
  session: null,
  doubt: null,
  posts: new Map(),
}))
const ended = []
const counts = { kills: 0, answered: 0, inDoubt: 0, happenedAnyway: 0 }
const faults = []
let server
let names = 0
const fault = (text) => faults.push(`after kill ${counts.kills}: ${text}`)
const pick = (list) => list[Math.floor(Math.random() * list.length)]

async function ask(what) {
  const answer = await send(server.url, what)
  if (answer.status >= 500)
    fault(`${what.method} ${what.path} answered ${answer.status} ${answer.text}`)
  if (answer.status > 0) counts.answered++
  return { ...answer, body: answer.text ? parse(answer.text) : null }
}
const parse = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * The acts of a client: `send` sends the request, `done` records a 2xx. Both run again when the
 * response was lost and the act is repeated.
 */
const acts = {
  register(client) {
    const username = `k${Date.now().toString(36)}${names++}`
    const person = {
      username,
      email: `${username}@example.com`,
      password: `${username} and a suffix`,
    }
    return {
      name: 'register',
      send: () => ask({ method: 'POST', path: '/api/users', json: person }),
      done: ({ id }) => {
        client.person = { ...person, id }
        client.posts = new Map()
      },
      // Asked again: 409 says that it happened.
      again: async (act) => {
        const answer = await act.send()
        if (answer.status === 201) return act.done(answer.body)
        if (answer.status !== 409) return fault(`register again: ${answer.status}`)
        counts.happenedAnyway++
        const row = await server.db
          .prepare('select id from users where username = ?')
          .bind(username)
          .first()
        act.done({ id: row.id })
      },
    }
  },
  signIn(client) {
    const form = {
      grant_type: 'password',
      username: client.person.email,
      password: client.person.password,
    }
    return {
      name: 'signIn',
      send: () => ask({ method: 'POST', path: '/oauth/token', form }),
      done: (token) => {
        client.session = token
      },
    }
  },
  refresh(client) {
    const form = { grant_type: 'refresh_token', refresh_token: client.session.refresh_token }
    return {
      name: 'refresh',
      send: () => ask({ method: 'POST', path: '/oauth/token', form }),
      done: (token) => {
        client.session = token
      },
    }
  },
  post(client) {
    const title = `post ${names++} of ${client.person.username}`
    const json = { title, content: `${title}: ${'words '.repeat(40)}` }
    const headers = { 'Idempotency-Key': `key-${names}` }
    const { access_token: token } = client.session
    return {
      name: 'post',
      send: () =>
        ask({
          method: 'POST',
          path: '/api/posts',
          json,
          headers,
          token: client.session?.access_token ?? token,
        }),
      done: ({ id }) => {
        client.posts.set(id, json)
      },
    }
  },
  changePassword(client) {
    const { password } = client.person
    const next = `${client.person.username} number ${names++}`
    const json = { current_password: password, new_password: next }
    return {
      name: 'changePassword',
      send: () =>
        ask({
          method: 'PUT',
          path: '/api/users/me/password',
          json,
          token: client.session.access_token,
        }),
      done: () => {
        client.person.password = next
      },
      // Exactly one of the two passwords is good.
      again: async () => {
        const { username } = client.person
        const tries = []
        for (const candidate of [next, password]) {
          const form = { username, password: candidate }
          tries.push((await ask({ method: 'POST', path: '/api/users/token', form })).status)
        }
        if (tries[0] === 200) client.person.password = next
        if (tries[0] === 200) counts.happenedAnyway++
        if (tries.filter((status) => status === 200).length !== 1) fault(`passwords: ${tries}`)
      },
    }
  },
  revoke(client) {
    const { session } = client
    return {
      name: 'revoke',
      send: () =>
        ask({ method: 'POST', path: '/oauth/revoke', form: { token: session.refresh_token } }),
      done: () => {
        ended.push(session)
        client.session = null
      },
    }
  },
}

function nextAct(client) {
  if (!client.person || Math.random() < 0.04) {
    client.session = null
    return acts.register(client)
  }
  if (!client.session) return acts.signIn(client)
  return pick([
    acts.refresh,
    acts.refresh,
    acts.post,
    acts.post,
    acts.post,
    acts.revoke,
    acts.changePassword,
  ])(client)
}

/** Acts until workerd is gone; what was under way then is in doubt. */
async function work(client) {
  while (!client.doubt) {
    const act = nextAct(client)
    const answer = await act.send()
    if (answer.status === 0) client.doubt = act
    else if (answer.status < 300) act.done(answer.body)
    else fault(`${act.name} answered ${answer.status} ${answer.text}`)
  }
}

/** A client goes on where it was: it asks again for what it got no answer to. */
async function resume(client) {
  const { doubt } = client
  client.doubt = null
  counts.inDoubt++
  if (doubt.again) return doubt.again(doubt)
  const answer = await doubt.send()
  if (answer.status >= 200 && answer.status < 300) doubt.done(answer.body)
  else fault(`${doubt.name} asked again: ${answer.status} ${answer.text}`)
}

async function check(client) {
  if (!client.person) return
  if (client.session) {
    const token = client.session.access_token
    const me = await ask({ path: '/api/users/me', token })
    if (me.status !== 200 || me.body?.id !== client.person.id) fault(`a live session: ${me.status}`)
    const form = { grant_type: 'refresh_token', refresh_token: client.session.refresh_token }
    const refreshed = await ask({ method: 'POST', path: '/oauth/token', form })
    if (refreshed.status === 200) client.session = refreshed.body
    else fault(`the last refresh token: ${refreshed.status} ${refreshed.text}`)
  }
  const { results } = await server.db
    .prepare('select id, title, content from posts where author_id = ?')
    .bind(client.person.id)
    .all()
  const stored = new Map(results.map(({ id, ...post }) => [id, post]))
  if (stored.size !== client.posts.size)
    fault(`${stored.size} posts instead of ${client.posts.size}`)
  for (const [id, post] of client.posts) {
    const found = stored.get(id)
    if (found?.title !== post.title || found?.content !== post.content)
      fault(`post ${id} is not as answered`)
  }
  const last = [...client.posts].at(-1)
  if (!last) return
  const search = await ask({
    path: `/api/posts?author=${client.person.id}&q=${encodeURIComponent(`"${last[1].title}"`)}`,
  })
  if (!search.body?.posts.some(({ id }) => id === last[0]))
    fault(`the search does not find post ${last[0]}`)
}

async function checkEnded() {
  for (const { access_token: token, refresh_token } of ended.slice(-20)) {
    const me = await ask({ path: '/api/users/me', token })
    const form = { grant_type: 'refresh_token', refresh_token }
    const refreshed = await ask({ method: 'POST', path: '/oauth/token', form })
    if (me.status !== 401 || refreshed.status !== 400)
      fault(`a revoked session lives: ${me.status} ${refreshed.status}`)
  }
}

for (; counts.kills <= KILLS; counts.kills++) {
  server = await start(gatepost, { persist: state })
  if (!server.pid) throw new Error('workerd has no process id here: this needs /proc')
  await Promise.all(clients.filter((client) => client.doubt).map(resume))
  for (const broken of await brokenInvariants(server.db)) fault(broken)
  await checkEnded()
  await Promise.all(clients.map(check))
  if (counts.kills === KILLS) break
  const working = clients.map(work)
  await new Promise((done) => setTimeout(done, 30 + Math.random() * 1500))
  process.kill(server.pid, 'SIGKILL')
  await Promise.all(working)
  await server.stop().catch(() => undefined)
}
await server.stop()
rmSync(state, { recursive: true, force: true })
console.log(
  `${counts.kills} kills, ${counts.answered} answers, ${counts.inDoubt} acts in doubt, ${counts.happenedAnyway} of them had happened, ${ended.length} sessions ended: ${faults.length} faults`,
)
for (const text of faults.slice(0, 50)) console.log(text)
process.exitCode = faults.length > 0 ? 1 : 0
