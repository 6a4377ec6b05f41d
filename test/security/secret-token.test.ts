import { base64url } from 'jose'
import { expect, it } from 'vitest'
import { hashSecretToken, newSecretToken, randomId } from '../../src/security/secret-token'
import { flipSpareBit } from '../support/jwks'

it('gives the user 256 random bits and the database only their SHA-256', async () => {
  const { token, tokenHash } = await newSecretToken()
  expect(base64url.decode(token)).toHaveLength(32)
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  expect(tokenHash).toBe(base64url.encode(new Uint8Array(digest)))
  expect(await hashSecretToken(token)).toBe(tokenHash)
})

it('never gives the same value twice', async () => {
  const tokens = await Promise.all(Array.from({ length: 100 }, newSecretToken))
  expect(new Set(tokens.flatMap(({ token, tokenHash }) => [token, tokenHash])).size).toBe(200)
  const ids = Array.from({ length: 100 }, randomId)
  expect(new Set(ids).size).toBe(100)
  for (const id of ids) expect(id).toMatch(/^[\w-]{21}[AQgw]$/)
})

it('refuses every other spelling and shape', async () => {
  const { token } = await newSecretToken()
  const wrong = [
    '',
    token.slice(1),
    token.slice(0, -1),
    `${token}A`,
    `${token}=`,
    ` ${token}`,
    `${token}\n`,
    flipSpareBit(token),
    `+${token.slice(1)}`,
    `é${token.slice(1)}`,
    `\0${token.slice(1)}`,
    randomId(),
    'x'.repeat(100_000),
  ]
  for (const text of wrong) expect(await hashSecretToken(text), text).toBeNull()
})
