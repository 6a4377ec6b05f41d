// Pending sign-ins: the first factor was right, and the account needs a second one. The state is in
// a signed JWT, so the first factor writes no row. A token works for five minutes and one client,
// only while the password stays the same, and once: the caller stores its `jti` as used.

import { base64url, decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { type Amr, isAmr } from './auth-methods'
import { sha256 } from './digest'
import {
  isClientId,
  isCompactJws,
  isInLifetime,
  isJti,
  isSessionId,
  isTime,
  readScope,
  readUserId,
  secondsOf,
} from './jwt'
import type { Keyring } from './keyring'
import { randomId } from './secret-token'

/** The state of a sign-in that waits for its second factor. */
interface PendingSignIn {
  userId: number
  /** The methods that were right so far. */
  amr: readonly Amr[]
  clientId: string
  scope: readonly string[]
  /** The session that the sign-in replaces. */
  replaces: string | null
}

export interface PendingGrant extends PendingSignIn {
  /** `users.password_hash`: the token ends when it changes. */
  passwordHash: string
  now: Date
}

export interface PendingClaims extends PendingSignIn {
  /** Names the token for its single use. */
  jti: string
  expiresAt: Date
  /** Equals `passwordFingerprint` of the present hash unless the password has changed since. */
  passwordFingerprint: string
}

const TYP = 'pending+jwt'
const ALG = 'HS256'
/** Lifetime of a pending sign-in, in seconds. */
export const PENDING_SECONDS = 300

const FINGERPRINT_BYTES = 8
/** 8 bytes in base64url; the last two bits of the last character are zero. */
const fingerprintShape = /^[\w-]{10}[AEIMQUYcgkosw048]$/

/** The first 8 bytes of the SHA-256 of a stored password hash, in base64url. */
export async function passwordFingerprint(passwordHash: string): Promise<string> {
  return base64url.encode((await sha256(passwordHash)).subarray(0, FINGERPRINT_BYTES))
}

export async function issuePendingToken(keyring: Keyring, grant: PendingGrant): Promise<string> {
  const iat = secondsOf(grant.now)
  return new SignJWT({
    sub: String(grant.userId),
    amr: grant.amr,
    client_id: grant.clientId,
    scope: grant.scope.join(' '),
    ...(grant.replaces !== null && { replaces: grant.replaces }),
    iat,
    exp: iat + PENDING_SECONDS,
    jti: randomId(),
    pwh: await passwordFingerprint(grant.passwordHash),
  })
    .setProtectedHeader({ alg: ALG, typ: TYP })
    .sign(keyring.pendingSignIn[0])
}

/**
 * The claims of a pending sign-in, or null unless this service signed exactly this text and `now`
 * is in its lifetime. Only D1 knows whether it was used before, and the present password. Never
 * throws.
 */
export async function readPendingToken(
  keyring: Keyring,
  token: string,
  now: Date,
): Promise<PendingClaims | null> {
  if (!isCompactJws(token) || !hasOurHeader(token)) return null
  for (const key of keyring.pendingSignIn) {
    const payload = await verify(token, key, now)
    if (payload) return readClaims(payload, now)
  }
  return null
}

function hasOurHeader(token: string): boolean {
  try {
    const header = decodeProtectedHeader(token)
    return Object.keys(header).length === 2 && header.alg === ALG && header.typ === TYP
  } catch {
    return false
  }
}

async function verify(token: string, key: CryptoKey, now: Date): Promise<JWTPayload | null> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALG],
      typ: TYP,
      currentDate: now,
    })
    return payload
  } catch {
    return null
  }
}

function readClaims(payload: JWTPayload, now: Date): PendingClaims | null {
  const { amr, client_id: clientId, replaces, exp, jti, pwh } = payload
  if (!isInLifetime(payload, now, PENDING_SECONDS) || !isTime(exp)) return null
  if (!Array.isArray(amr) || amr.length === 0 || !amr.every(isAmr)) return null
  if (!isClientId(clientId) || !isJti(jti)) return null
  if (replaces !== undefined && !isSessionId(replaces)) return null
  if (typeof pwh !== 'string' || !fingerprintShape.test(pwh)) return null

  const userId = readUserId(payload.sub)
  const scope = readScope(payload.scope)
  if (userId === null || scope === null) return null
  return {
    userId,
    amr,
    clientId,
    scope,
    replaces: replaces ?? null,
    jti,
    expiresAt: new Date(exp * 1000),
    passwordFingerprint: pwh,
  }
}
