// Access tokens: JWTs by RFC 9068, verified by RFC 8725 and the rules of jwt.ts.

import { decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { type Authentication, acrOf, isAmr } from './auth-methods'
import {
  isClientId,
  isCompactJws,
  isInLifetime,
  isJti,
  isSessionId,
  isTime,
  readScope,
  readUserId,
  SKEW_SECONDS,
  secondsOf,
} from './jwt'
import type { Keyring } from './keyring'
import { randomId } from './secret-token'

export interface AccessTokenGrant {
  /** `APP_ORIGIN`: both `iss` and `aud`. */
  issuer: string
  userId: number
  sessionId: string
  clientId: string
  scope: Iterable<string>
  /** How the person signed in: `auth_time`, `amr` and `acr` (RFC 9068 §2.2.1). */
  authentication: Authentication
  now: Date
  lifetimeSeconds: number
}

export interface AccessTokenClaims {
  userId: number
  sessionId: string
  clientId: string
  scope: string[]
  /** Absent in tokens of releases that did not record it. */
  authentication?: Authentication
}

const TYP = 'at+jwt'

/** A signed access token that lives `lifetimeSeconds` from `now`. */
export function issueAccessToken(keyring: Keyring, grant: AccessTokenGrant): Promise<string> {
  const { alg, kid, key } = keyring.signing
  const iat = secondsOf(grant.now)
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
    ...authenticationClaims(grant.authentication),
  })
    .setProtectedHeader({ alg, typ: TYP, kid })
    .sign(key)
}

const authenticationClaims = ({ time, amr }: Authentication) => ({
  auth_time: secondsOf(time),
  amr,
  acr: acrOf(amr),
})

/**
 * The claims of an access token, or null unless one of our keys signed exactly this text for this
 * issuer and `now` is in its lifetime. Only D1 knows whether the session is active. Never throws
 * and makes no request.
 */
export async function readAccessToken(
  keyring: Keyring,
  token: string,
  expected: { issuer: string; now: Date; lifetimeSeconds: number },
): Promise<AccessTokenClaims | null> {
  if (!isCompactJws(token)) return null
  const known = verified.get(keyring)?.get(token)
  if (known) return readClaims(known, expected)
  try {
    const verifier = findVerifier(keyring, token)
    if (!verifier) return null
    const { payload } = await jwtVerify(token, verifier.key, {
      algorithms: [verifier.alg],
      typ: TYP,
      issuer: expected.issuer,
      audience: expected.issuer,
      currentDate: expected.now,
    })
    const claims = readClaims(payload, expected)
    if (claims) keepVerified(keyring, token, payload)
    return claims
  } catch {
    return null
  }
}

/** Maximum tokens that an isolate keeps for a keyring, at most 1 MiB. */
const MAX_VERIFIED = 256
/**
 * The payloads of tokens whose signature was verified with a keyring. A client sends the same token
 * for minutes, and ES256 takes half a millisecond. `readClaims` checks issuer and time for each
 * request.
 */
const verified = new WeakMap<Keyring, Map<string, JWTPayload>>()

function keepVerified(keyring: Keyring, token: string, payload: JWTPayload) {
  const tokens = verified.get(keyring) ?? new Map<string, JWTPayload>()
  verified.set(keyring, tokens)
  const [oldest] = tokens.keys()
  if (oldest !== undefined && tokens.size >= MAX_VERIFIED) tokens.delete(oldest)
  tokens.set(token, payload)
}

/** The key that a header names. A header with other members than these three has none. */
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
  const { iss, aud, sid: sessionId, jti, client_id: clientId } = payload
  if (iss !== issuer || aud !== issuer) return null
  if (!isInLifetime(payload, now, lifetimeSeconds)) return null
  if (!isSessionId(sessionId) || !isJti(jti) || !isClientId(clientId)) return null

  const userId = readUserId(payload.sub)
  const scope = readScope(payload.scope)
  if (userId === null || scope === null) return null

  const claims = { userId, sessionId, clientId, scope }
  if (!hasAuthentication(payload)) return claims
  const authentication = readAuthentication(payload, now)
  return authentication && { ...claims, authentication }
}

const hasAuthentication = ({ auth_time, amr, acr }: JWTPayload) =>
  auth_time !== undefined || amr !== undefined || acr !== undefined

/**
 * The three claims together, or null if one is missing or malformed, or `acr` differs from `amr`.
 */
function readAuthentication(
  { auth_time: time, amr, acr }: JWTPayload,
  now: Date,
): Authentication | null {
  if (!isTime(time) || time > secondsOf(now) + SKEW_SECONDS) return null
  if (!Array.isArray(amr) || amr.length === 0 || !amr.every(isAmr)) return null
  return acr === acrOf(amr) ? { time: new Date(time * 1000), amr } : null
}
