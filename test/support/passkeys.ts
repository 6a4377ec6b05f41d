/** Passkeys of users, registered and used through the API. */
import { expect } from 'vitest'
import type { AuthenticationResponseJSON } from '../../src/security/webauthn/webauthn-response'
import {
  type AssertionOptions,
  type AuthenticatorOptions,
  newPasskey,
  type RegistrationOptions,
  type SoftwarePasskey,
} from './authenticator'
import { type Call, call, ORIGIN } from './client'
import { type Person, proven } from './users'

export const RP_ID = 'localhost'
type Ask = typeof call

export const softwarePasskey = (options: AuthenticatorOptions = {}) =>
  newPasskey({ origin: ORIGIN, rpId: RP_ID, ...options })

export interface CreationOptions {
  challenge: string
  user: { id: string; name: string; displayName: string }
  excludeCredentials: { id: string }[]
}

/** The body of a 200 or 201. */
export async function body<T>(response: Response): Promise<T> {
  expect([200, 201], await response.clone().text()).toContain(response.status)
  return response.json<T>()
}

export const creationOptions = async (token: string, ask: Ask = call) =>
  body<CreationOptions>(await ask('POST', '/api/users/me/passkeys/options', { token }))

/** An answer to new creation options. */
export async function registrationOf(
  passkey: SoftwarePasskey,
  token: string,
  more: Partial<RegistrationOptions> = {},
  ask: Ask = call,
) {
  const { challenge, user } = await creationOptions(token, ask)
  return passkey.register({ challenge, userHandle: user.id, ...more })
}

export const sendRegistration = (
  token: string,
  credential: unknown,
  ask: Ask = call,
  name?: string,
) => ask('POST', '/api/users/me/passkeys', { token, json: { credential, name } })

export interface RegisteredPasskey {
  id: string
  name: string
  recovery_codes: string[] | null
}

/** Adds a passkey to the user of a token, whose session must be fresh. */
export async function addPasskey(
  token: string,
  options: AuthenticatorOptions = {},
  ask: Ask = call,
) {
  const passkey = await softwarePasskey(options)
  const credential = await registrationOf(passkey, token, {}, ask)
  const added = await body<RegisteredPasskey>(await sendRegistration(token, credential, ask))
  return { passkey, added }
}

export interface PasskeyHolder extends Person {
  passkey: SoftwarePasskey
  recoveryCodes: string[]
}

/** A user with a passkey. */
export async function passkeyHolder(options: AuthenticatorOptions = {}): Promise<PasskeyHolder> {
  const someone = await proven('key')
  const { passkey, added } = await addPasskey(someone.token, options)
  return { ...someone, passkey, recoveryCodes: added.recovery_codes ?? [] }
}

export const signInChallenge = async (ask: Ask = call) =>
  (await body<{ challenge: string }>(await ask('POST', '/api/passkeys/sign-in-options'))).challenge

/** An assertion for a new challenge of signing in. */
export const assertionOf = async (
  passkey: SoftwarePasskey,
  more: Partial<AssertionOptions> = {},
  ask: Ask = call,
) => passkey.assert({ challenge: await signInChallenge(ask), ...more })

export const sendAssertion = (
  credential: AuthenticationResponseJSON,
  more: Call = {},
  ask: Ask = call,
) => ask('POST', '/api/session/passkey', { json: { credential }, ...more })

export interface BrowserSession {
  access_token: string
  scope: string
  user: { id: number }
}

/** Signs in with a passkey. */
export async function passkeySignIn(passkey: SoftwarePasskey, more: Call = {}): Promise<string> {
  const response = await sendAssertion(await assertionOf(passkey), more)
  return (await body<BrowserSession>(response)).access_token
}

export interface ConfirmationOptions {
  challenge: string
  allowCredentials: { id: string }[]
}
export const confirmationOptions = async (token: string) =>
  body<ConfirmationOptions>(await call('POST', '/api/session/confirm/options', { token }))

/** Confirms a session with a passkey; resolves to its new access token. */
export async function confirmWith(passkey: SoftwarePasskey, token: string): Promise<string> {
  const { challenge } = await confirmationOptions(token)
  const json = { credential: await passkey.assert({ challenge }) }
  const response = await call('POST', '/api/session/confirm', { token, json })
  return (await body<{ access_token: string }>(response)).access_token
}

export interface ListedPasskey {
  id: string
  name: string
  created_at: string
  last_used_at: string | null
  synced: boolean
  transports: string[]
  rp_id: string
  usable: boolean
}
export interface PasskeyList {
  passkeys: ListedPasskey[]
  rp_id: string
  user_handle: string
  next_cursor: null
}
export const listPasskeys = async (token: string, ask: Ask = call) =>
  body<PasskeyList>(await ask('GET', '/api/users/me/passkeys', { token }))
