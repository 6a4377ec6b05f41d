/** Admission control of the endpoints that hash passwords. */
import { afterEach, describe, expect, it } from 'vitest'
import {
  admit,
  type HashKind,
  MAX_ADMITTED,
  MAX_ADMITTED_PER_KIND,
} from '../../src/security/hash-queue'
import { trips, workerWith } from '../support/client'
import { expectProblem, oauthSignIn, oauthToken, refresh } from '../support/sign-in'
import { PASSWORD, person, register, signIn } from '../support/users'

/** The Worker in this isolate, whose limits the tests reach. */
const ask = workerWith({})

const releases: ((() => void) | null)[] = []
/** Acquires all admissions that requests of this kind can have. */
const fill = (kind: HashKind) => {
  while (releases.at(-1) !== null) releases.push(admit(kind, Date.now()))
}
afterEach(() => {
  for (const release of releases.splice(0)) release?.()
})

const form = { username: 'ann@example.com', password: PASSWORD }
const SIGN_INS = [
  ['POST /api/session', { json: { login: form.username, password: PASSWORD } }],
  ['POST /api/users/token', { form }],
  ['POST /oauth/token, grant password', { form: { grant_type: 'password', ...form } }],
] as const

describe('while as many sign-ins as possible are admitted', () => {
  it.each(SIGN_INS)('%s → 503 busy with Retry-After, without D1', async (name, options) => {
    fill('sign-in')
    const [method = '', path = ''] = name.replace(',', '').split(' ')
    const response = await ask(method, path, options)
    await expectProblem(response, 503, 'busy')
    expect(response.headers.get('Retry-After')).toBe('1')
    expect(trips(response)).toBe(0)
  })

  it('POST /oauth/token, grant refresh_token → 200: it hashes nothing', async () => {
    const { refreshToken } = await person()
    fill('sign-in')
    expect((await refresh(refreshToken, {}, ask)).status).toBe(200)
  })

  it('POST /api/users → 201: registrations are another kind', async () => {
    fill('sign-in')
    const json = { username: 'busy-sign-ins', email: 'busy@example.com', password: PASSWORD }
    expect((await ask('POST', '/api/users', { json })).status).toBe(201)
  })
})

it('while as many others as possible are admitted: POST /api/users → 503, sign-in → 200', async () => {
  const { email, username } = await register()
  fill('other')
  const json = { username: `${username}2`, email: `2${email}`, password: PASSWORD }
  const refused = await ask('POST', '/api/users', { json })
  await expectProblem(refused, 503, 'busy')
  expect(trips(refused)).toBe(0)
  expect(await oauthSignIn(email, {}, ask)).toHaveProperty('access_token')
})

it('an admission ends with its request, whatever the answer', async () => {
  const { email } = await register()
  const wrong = { grant_type: 'password', username: email, password: 'not the password' }
  for (let i = 0; i < 3; i++) expect((await oauthToken(wrong, {}, ask)).status).toBe(400)
  await signIn(email)
  fill('sign-in')
  expect(releases.filter((release) => release !== null)).toHaveLength(MAX_ADMITTED_PER_KIND)
  releases.length--
  fill('other')
  expect(releases.filter((release) => release !== null)).toHaveLength(MAX_ADMITTED)
})
