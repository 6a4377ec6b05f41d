// Guesses of passwords are counted before the hash, per account, from any address: at most 100 in a
// row.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { LONGEST_WAIT_MS } from '../../src/credentials/throttle'
import { hashesComputed } from '../../src/security/password'
import { call, trips } from '../support/client'
import { pass, stopClock } from '../support/clock'
import { ownMailbox } from '../support/mailbox'
import { freshName, PASSWORD, type Person, person, setPasswordHash } from '../support/users'

const WRONG = 'wrong horse battery staple'
/** Argon2id at its lowest cost, of no known password: counts like any other, and takes no time. */
const CHEAP =
  '$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

stopClock()

const guess = (login: string, password = WRONG) =>
  call('POST', '/api/users/token', { form: { username: login, password } })
const retryAfter = (response: Response) => Number(response.headers.get('Retry-After'))

/** Guesses until one must wait. */
async function guessUntilWait(login: string) {
  for (let n = 1; n < 200; n++) {
    const answer = await guess(login)
    if (answer.status === 429) return answer
    expect(answer.status).toBe(401)
  }
  throw new Error('never had to wait')
}

async function withCheapHash(): Promise<Person> {
  const someone = await person()
  await setPasswordHash(someone.id, CHEAP)
  return someone
}

const attemptsOf = (id: number) =>
  env.DB.prepare(
    'select count(*) as rows, sum(failures) as failures from attempts where user_id = ?',
  )
    .bind(id)
    .first<{ rows: number; failures: number }>()

it('five failures are free, then waits double from 30 s to an hour, with Retry-After', async () => {
  const { email } = await withCheapHash()
  for (let n = 0; n < 5; n++) expect((await guess(email)).status).toBe(401)
  for (const wait of [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]) {
    const refused = await guess(email)
    expect([refused.status, retryAfter(refused), trips(refused)]).toEqual([429, wait, 1])
    pass(wait - 1)
    expect([(await guess(email)).status, retryAfter(await guess(email))]).toEqual([429, 1])
    pass(1)
    expect((await guess(email)).status).toBe(401)
  }
})

it('→ 429 during a wait without a hash, alike for right and wrong, known and unknown, at every endpoint', async () => {
  const { email } = await person()
  const nobody = `${freshName()}@example.com`
  for (let n = 0; n < 5; n++) {
    expect((await guess(email)).status).toBe(401)
    expect((await guess(nobody)).status).toBe(401)
  }
  const before = hashesComputed()
  const endpoints = [
    (login: string, password: string) => guess(login, password),
    (username: string, password: string) =>
      call('POST', '/oauth/token', { form: { grant_type: 'password', username, password } }),
    (login: string, password: string) =>
      call('POST', '/api/session', { json: { login, password } }),
  ]
  const answers = new Set<string>()
  for (const endpoint of endpoints) {
    for (const [login, password] of [
      [email, PASSWORD],
      [email.toUpperCase(), PASSWORD],
      [` ${email} `, WRONG],
      [nobody, PASSWORD],
    ] as const) {
      const answer = await endpoint(login, password)
      const { request_id: _, ...body } = await answer.json<Record<string, unknown>>()
      const headers = [...answer.headers].filter(
        ([name]) => !/^(x-request-id|server-timing)$/.test(name),
      )
      answers.add(JSON.stringify([answer.status, trips(answer), headers, body]))
    }
  }
  expect(hashesComputed()).toBe(before)
  expect([...answers]).toHaveLength(1)
  expect([...answers][0]).toContain('/problems/too-many-attempts')
})

it('computes at most five hashes for fifty parallel guesses', async () => {
  const { email, id } = await withCheapHash()
  const before = hashesComputed()
  const answers = await Promise.all(Array.from({ length: 50 }, () => guess(email)))
  const statuses = answers.map((answer) => answer.status)
  expect(hashesComputed() - before).toBeLessThanOrEqual(5)
  expect(statuses.filter((status) => status === 401)).toHaveLength(hashesComputed() - before)
  expect(statuses.every((status) => [401, 429, 503].includes(status))).toBe(true)
  expect((await attemptsOf(id))?.failures).toBe(5)
})

it('computes 100 hashes for 162 guesses of one account, each from another address, and none after', async () => {
  const { email, username, id, token } = await withCheapHash()
  const before = hashesComputed()
  // Asked again inside the account, the password is counted apart: strangers cannot lock its owner
  // out of that.
  for (let n = 0; n < 30; n++) {
    const json = { password: WRONG }
    const answer = await call('POST', '/api/users/me/deletion', { token, json })
    expect(answer.status).toBe(n < 20 ? 403 : 429)
    await env.DB.prepare("update attempts set wait_until = 0 where key = 'confirm:' || ?")
      .bind(String(id))
      .run()
  }
  expect(hashesComputed() - before).toBe(20)
  for (let n = 0; n < 66; n++) {
    await guess(email)
    await guess(username)
    pass(LONGEST_WAIT_MS / 1000)
  }
  expect(hashesComputed() - before).toBe(100)
  const refused = await guess(email, PASSWORD)
  expect([refused.status, retryAfter(refused)]).toEqual([429, 3600])
  expect(hashesComputed() - before).toBe(100)
})

it('active sessions and the reset work during a wait; a reset ends it', async () => {
  const { email, username, id, token, refreshToken } = await person()
  for (const login of [email, username]) await guessUntilWait(login)
  expect((await call('GET', '/api/users/me', { token })).status).toBe(200)
  const refreshed = await call('POST', '/oauth/token', {
    form: { grant_type: 'refresh_token', refresh_token: refreshToken },
  })
  expect(refreshed.status).toBe(200)
  const { ask, tokenTo } = ownMailbox()
  expect((await ask('POST', '/api/users/forgot-password', { json: { email } })).status).toBe(202)
  const new_password = 'a whole new horse battery'
  const reset = await call('POST', '/api/users/reset-password', {
    json: { token: tokenTo(email), new_password },
  })
  expect(reset.status).toBe(204)
  expect((await attemptsOf(id))?.rows).toBe(0)
  expect((await guess(email, new_password)).status).toBe(200)
})

it('clears the failures of an account after a success with either login', async () => {
  const { email, username, id } = await person()
  for (const login of [email, username]) for (let n = 0; n < 3; n++) await guess(login)
  expect((await attemptsOf(id))?.rows).toBe(2)
  expect((await guess(username, PASSWORD)).status).toBe(200)
  expect((await attemptsOf(id))?.rows).toBe(0)
})

it('keeps the count under another username: renaming, there and back, is no new allowance', async () => {
  const { email, username, token, id } = await withCheapHash()
  const rename = async (username: string) =>
    expect((await call('PATCH', '/api/users/me', { token, json: { username } })).status).toBe(200)
  const before = hashesComputed()
  const [other, third] = [freshName(), freshName()]
  for (let n = 0; n < 4; n++) expect((await guess(username)).status).toBe(401)
  await rename(other)
  expect((await guess(username)).status, 'no account has it now').toBe(401)
  expect((await guess(other)).status).toBe(401)
  await rename(username.toUpperCase())
  for (const login of [username, username]) expect((await guess(login)).status).toBe(429)
  await rename(third)
  const refused = await guess(third, PASSWORD)
  expect([refused.status, retryAfter(refused)]).toEqual([429, 30])
  expect(hashesComputed() - before, 'five of the account, one of no account').toBe(6)
  // Failures of the address are counted separately.
  expect((await guess(email)).status).toBe(401)
  pass(30)
  expect((await guess(third)).status).toBe(401)
  const { results } = await env.DB.prepare('select failures from attempts where user_id = ?')
    .bind(id)
    .all<{ failures: number }>()
  expect(Math.max(...results.map(({ failures }) => failures))).toBe(6)
  // A full name, or the same name in other letters, changes no count.
  await call('PATCH', '/api/users/me', { token, json: { full_name: 'Ann' } })
  await rename(third.toUpperCase())
  expect((await guess(email)).status).toBe(401)
})

/** Asks for another address; gives it and what uses the link. */
async function askToMove({ token }: Person) {
  const moved = `${freshName()}@example.org`
  const { ask, tokenTo } = ownMailbox()
  await ask('PUT', '/api/users/me/email', { token, json: { email: moved, password: PASSWORD } })
  const link = tokenTo(moved)
  const move = async () => {
    const used = await call('POST', '/api/users/verify-email', { json: { token: link } })
    expect(used.status).toBe(204)
  }
  return { moved, move }
}

it('keeps the count under another address', async () => {
  const ann = await person()
  const before = hashesComputed()
  const { moved, move } = await askToMove(ann)
  await setPasswordHash(ann.id, CHEAP)
  await guessUntilWait(ann.email)
  await move()
  const refused = await guess(moved, PASSWORD)
  expect([refused.status, retryAfter(refused)]).toEqual([429, 30])
  expect(hashesComputed() - before, 'the password asked again, and five guesses').toBe(6)
})

it('moves failures of an address to an address only, of a username to a username', async () => {
  const [ann, bob] = [await person(), await person('bob')]
  const { moved, move } = await askToMove(bob)
  await guessUntilWait(ann.email)
  await guessUntilWait(bob.username)
  const username = freshName()
  const renamed = await call('PATCH', '/api/users/me', { token: ann.token, json: { username } })
  expect(renamed.status).toBe(200)
  await move()
  expect((await guess(username)).status).toBe(401)
  expect((await guess(moved)).status).toBe(401)
  // And a locked address is no locked account: the other login opens both.
  expect((await guess(username, PASSWORD)).status).toBe(200)
  expect((await guess(ann.email, PASSWORD)).status).toBe(200)
})

it('failures of a former address count for no username', async () => {
  const ann = await person()
  const { move } = await askToMove(ann)
  await guessUntilWait(ann.email)
  await move()
  const username = freshName()
  await call('PATCH', '/api/users/me', { token: ann.token, json: { username } })
  expect((await guess(username, PASSWORD)).status).toBe(200)
})

it('computes 80 hashes for the sign-ins of one account under any number of names', async () => {
  const { email, username, id, token } = await withCheapHash()
  const before = hashesComputed()
  let name = username
  for (let n = 0; n < 60; n++) {
    for (const login of [email, name]) await guess(login)
    if (n % 7 === 3) {
      name = freshName()
      await call('PATCH', '/api/users/me', { token, json: { username: name } })
    }
    await env.DB.prepare('update attempts set wait_until = 0 where user_id = ?').bind(id).run()
  }
  expect(hashesComputed() - before).toBe(80)
})

it('a new owner of a login does not inherit a wait from before the registration', async () => {
  const username = freshName()
  const email = `${username}@example.com`
  for (const login of [email, username]) {
    await guess(login)
    await env.DB.prepare('update attempts set failures = 40, wait_until = ? where user_id is null')
      .bind(Date.now() + LONGEST_WAIT_MS)
      .run()
    expect((await guess(login)).status).toBe(429)
  }
  const made = await call('POST', '/api/users', { json: { username, email, password: PASSWORD } })
  expect(made.status).toBe(201)
  for (const login of [email, username]) {
    expect((await guess(login)).status).toBe(401)
    expect((await guess(login, PASSWORD)).status).toBe(200)
  }
})
