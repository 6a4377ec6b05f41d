// People for the benchmark: registered and signed in through the API.
import { send } from './load.mjs'

export const PASSWORD = 'correct horse battery staple'
let made = 0

/** A registration that nobody has made yet, as `send` takes it. */
export function registration() {
  const username = `bench${++made}`
  const json = { username, email: `${username}@example.com`, password: PASSWORD }
  return { method: 'POST', path: '/api/users', json }
}

export const signIn = (email, password = PASSWORD) => ({
  method: 'POST',
  path: '/api/users/token',
  form: { username: email, password },
})

/** Registers so many people. @returns {Promise<string[]>} their addresses */
export async function register(url, count) {
  const emails = []
  while (emails.length < count) {
    const wanted = registration()
    expect(await send(url, wanted), 201)
    emails.push(wanted.json.email)
  }
  return emails
}

/** The access token of somebody who has registered. */
export async function tokenOf(url, email) {
  return JSON.parse(expect(await send(url, signIn(email)), 200).text).access_token
}

export function expect(answer, status) {
  if (answer.status !== status) throw new Error(`${answer.status}, not ${status}: ${answer.text}`)
  return answer
}
