// @ts-check
// Accounts for the benchmark, registered and signed in through the API.
import { send } from './load.mjs'

export const PASSWORD = 'correct horse battery staple'
let made = 0

/** Returns a registration with an unused username, in the shape that `send` takes. */
export function registration() {
  const username = `bench${++made}`
  const json = { username, email: `${username}@example.com`, password: PASSWORD }
  return { method: 'POST', path: '/api/users', json }
}

/** @param {string} email */
export const signIn = (email, password = PASSWORD) => ({
  method: 'POST',
  path: '/api/users/token',
  form: { username: email, password },
})

/**
 * Registers `count` accounts.
 * @param {URL} url
 * @param {number} count
 * @returns {Promise<[string, ...string[]]>} their email addresses
 */
export async function register(url, count) {
  const emails = /** @type {string[]} */ ([])
  while (emails.length < count) {
    const wanted = registration()
    expect(await send(url, wanted), 201)
    emails.push(wanted.json.email)
  }
  return /** @type {[string, ...string[]]} */ (emails)
}

/**
 * Signs in and returns the access token.
 * @param {URL} url
 * @param {string} email
 * @returns {Promise<string>}
 */
export async function tokenOf(url, email) {
  return JSON.parse(expect(await send(url, signIn(email)), 200).text).access_token
}

/**
 * Returns the response if it has this status, and throws otherwise.
 * @template {{ status: number, text: string }} R
 * @param {R} answer
 * @param {number} status
 */
export function expect(answer, status) {
  if (answer.status !== status)
    throw new Error(`Expected ${status}, got ${answer.status}: ${answer.text}`)
  return answer
}
