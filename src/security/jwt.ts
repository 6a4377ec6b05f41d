// The rules that every JWT of the service shares (RFC 8725 §3). jose verifies the signature, but it
// accepts respelled base64, claims of any type and an endless `exp`. With these rules a token has
// one spelling, and each claim has the type that its reader expects.

import { BASE64URL, BYTES_16 } from './base64url'

/** Maximum length of a token, in characters. Cookies and headers of that size pass every proxy. */
export const MAX_TOKEN_LENGTH = 4096
/** How far the clocks of two isolates may differ, in seconds. */
export const SKEW_SECONDS = 5

const segment = new RegExp(`^${BASE64URL}$`)
const sessionIdShape = new RegExp(`^${BYTES_16}$`)
const jtiShape = /^[\w-]{16,64}$/
const userIdShape = /^[1-9]\d{0,15}$/
/** RFC 6749 §3.3: scope tokens, separated by one space. An empty text is an empty scope. */
const scopeShape = /^(?:[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*)?$/

/** Whether a text has the one spelling of a signed JWT (RFC 7515 §3.1). */
export function isCompactJws(token: string): boolean {
  if (token.length > MAX_TOKEN_LENGTH) return false
  const segments = token.split('.', 4)
  return segments.length === 3 && segments.every((text) => segment.test(text))
}

/** The whole seconds since the epoch (NumericDate, RFC 7519 §2). */
export const secondsOf = (date: Date): number => Math.floor(date.getTime() / 1000)

/** Whether a value is a NumericDate of whole seconds that `Date` can hold. */
export const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 8.64e12

/**
 * Whether `now` is between `iat` and `exp`, and the token lives for at most `lifetimeSeconds` from
 * now: a token issued under a longer setting is refused.
 */
export function isInLifetime(
  { iat, exp }: { iat?: unknown; exp?: unknown },
  now: Date,
  lifetimeSeconds: number,
): boolean {
  if (!isTime(iat) || !isTime(exp) || iat >= exp) return false
  const seconds = secondsOf(now)
  if (iat > seconds + SKEW_SECONDS || exp <= seconds) return false
  return exp <= seconds + lifetimeSeconds + SKEW_SECONDS
}

export const isSessionId = (value: unknown): value is string =>
  typeof value === 'string' && sessionIdShape.test(value)

export const isJti = (value: unknown): value is string =>
  typeof value === 'string' && jtiShape.test(value)

export const isClientId = (value: unknown): value is string =>
  typeof value === 'string' && value !== ''

/** The user id in `sub`: the decimal digits of a positive safe integer. */
export function readUserId(sub: unknown): number | null {
  if (typeof sub !== 'string' || !userIdShape.test(sub)) return null
  const userId = Number(sub)
  return Number.isSafeInteger(userId) ? userId : null
}

export function readScope(scope: unknown): string[] | null {
  if (typeof scope !== 'string' || !scopeShape.test(scope)) return null
  return scope === '' ? [] : scope.split(' ')
}
