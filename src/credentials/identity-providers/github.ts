/** The user of an access token of GitHub, which has no ID token. */
import type { Claims } from './identity'
import { send } from './outgoing'

const API = 'https://api.github.com'

/**
 * The subject is the `id`, since a `login` can be given up and taken by another person. The
 * `email` of `/user` may be unproven, so the primary address of `/user/emails` is used.
 * @throws an error when GitHub responds with something else
 */
export async function readGithubUser(token: string): Promise<Claims> {
  const [user, emails] = await Promise.all([read('/user', token), read('/user/emails', token)])
  const { id, name } = Object(user) as Record<string, unknown>
  const addresses: unknown[] = Array.isArray(emails) ? emails : []
  const primary = addresses.map(Object).find((address) => address.primary === true)
  return {
    sub: Number.isSafeInteger(id) ? String(id) : undefined,
    name,
    email: primary?.email,
    email_verified: primary?.verified,
  }
}

async function read(path: string, token: string): Promise<unknown> {
  const response = await send(API + path, {
    headers: {
      Accept: 'application/vnd.github+json',
      Authorization: `Bearer ${token}`,
      'X-GitHub-Api-Version': '2022-11-28',
    },
  })
  if (response.status !== 200) throw new TypeError('GitHub did not respond with 200')
  return response.json()
}
