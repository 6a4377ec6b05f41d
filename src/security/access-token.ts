// Access tokens: JWTs after RFC 9068, verified as RFC 8725 asks. jose proves the signature; what it
// lets pass (respelled base64, any claim's type, an endless `exp`) is refused here, so that a token
// has one spelling and every claim the type its reader expects.

import { decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { BASE64URL, BYTES_16 } from './base64url'
import type { Keyring } from './keyring'
import { randomId } from './secret-token'

export interface AccessTokenGrant {
  /** `APP_ORIGIN`: both `iss` and `aud`. */
  issuer: string
  userId: number
  sessionId: string
  clientId: string
  scope: Iterable<string>
  now: Date
  lifetimeSeconds: number
}

export interface AccessTokenClaims {
  userId: number
  sessionId: string
  clientId: string
  scope: string[]
  jti: string
  issuedAt: Date
  expiresAt: Date
}

export type AccessTokenReading = { kind: 'valid'; claims: AccessTokenClaims } | { kind: 'invalid' }

const TYP = 'at+jwt'
const MAX_LENGTH = 4096
/** How far the clocks of two isolates may be apart. */
const SKEW_SECONDS = 5
const INVALID: AccessTokenReading = { kind: 'invalid' }

const segment = new RegExp(`^${BASE64URL}$`)
const isCompact = (token: string) => {
  const segments = token.split('.', 4)
  return segments.length === 3 && segments.every((text) => segment.test(text))
}
const sessionIdShape = new RegExp(`^${BYTES_16}$`)
const jtiShape = /^[\w-]{16,64}$/
const userIdShape = /^[1-9]\d{0,15}$/
/** RFC 6749 §3.3: scope tokens with one space between; none at all is a scope too. */
const scopeShape = /^(?:[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*)?$/

/** A signed access token that lives `lifetimeSeconds` from `now`. */
export function issueAccessToken(keyring: Keyring, grant: AccessTokenGrant): Promise<string> {
  const { alg, kid, key } = keyring.signing
  const iat = Math.floor(grant.now.getTime() / 1000)
  return new SignJWT({
    iss: grant.issuer,
    aud: grant.issuer,
    sub: String(grant.userId),
    client_id: grant.clientId,
    iat,
    exp: iat + grant.lifetimeSeconds,
    jti: randomId(),
    sid: grant.sessionId,
    scope: [...grant.scope].join(' '),
  })
    .setProtectedHeader({ alg, typ: TYP, kid })
    .sign(key)
}

/**
 * What an access token says, if one of our keys signed exactly this text for this issuer and it is
 * in its time. Whether its session still lives is for D1 to say. Never throws, asks nobody.
 */
export async function readAccessToken(
  keyring: Keyring,
  token: string,
  expected: { issuer: string; now: Date; lifetimeSeconds: number },
): Promise<AccessTokenReading> {
  if (token.length > MAX_LENGTH || !isCompact(token)) return INVALID
  try {
    const verifier = findVerifier(keyring, token)
    if (!verifier) return INVALID
    const { payload } = await jwtVerify(token, verifier.key, {
      algorithms: [verifier.alg],
      typ: TYP,
      issuer: expected.issuer,
      audience: expected.issuer,
      currentDate: expected.now,
    })
    const claims = readClaims(payload, expected)
    return claims ? { kind: 'valid', claims } : INVALID
  } catch {
    return INVALID
  }
}

/** The key a header names; nothing for a header with any member but the three we write. */
function findVerifier(keyring: Keyring, token: string) {
  const header = decodeProtectedHeader(token)
  if (Object.keys(header).length !== 3 || header.typ !== TYP) return undefined
  if (typeof header.kid !== 'string') return undefined
  const verifier = keyring.verification.get(header.kid)
  return verifier?.alg === header.alg ? verifier : undefined
}

function readClaims(
  payload: JWTPayload,
  { issuer, now, lifetimeSeconds }: { issuer: string; now: Date; lifetimeSeconds: number },
): AccessTokenClaims | null {
  const { iss, aud, sub, client_id: clientId, iat, exp, jti, sid, scope } = payload
  if (iss !== issuer || aud !== issuer) return null

  const seconds = Math.floor(now.getTime() / 1000)
  if (!isTime(iat) || !isTime(exp) || iat >= exp) return null
  if (iat > seconds + SKEW_SECONDS || exp <= seconds) return null
  if (exp > seconds + lifetimeSeconds + SKEW_SECONDS) return null

  if (typeof sub !== 'string' || !userIdShape.test(sub)) return null
  const userId = Number(sub)
  if (!Number.isSafeInteger(userId)) return null
  if (typeof sid !== 'string' || !sessionIdShape.test(sid)) return null
  if (typeof jti !== 'string' || !jtiShape.test(jti)) return null
  if (typeof clientId !== 'string' || clientId === '') return null
  if (typeof scope !== 'string' || !scopeShape.test(scope)) return null

  return {
    userId,
    sessionId: sid,
    clientId,
    scope: scope === '' ? [] : scope.split(' '),
    jti,
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000),
  }
}

/** Seconds since the epoch, whole, and small enough for `Date`. */
const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 8.64e12
