// Time-based one-time passwords (RFC 6238): HMAC-SHA-1, 6 digits, steps of 30 seconds.
// Authenticator apps ignore other parameters.

import { canonicalRecoveryCode, withoutSeparators } from './recovery-code'

const PERIOD_SECONDS = 30
const DIGITS = 6
/** RFC 4226 §4 recommends 160 bits. */
const SECRET_BYTES = 20

const digitsShape = /^\d{6}$/
const encoder = new TextEncoder()

export const generateTotpSecret = (): Uint8Array =>
  crypto.getRandomValues(new Uint8Array(SECRET_BYTES))

/**
 * The step of a code, or null for a wrong code. Accepts the current step and the ones before and
 * after it (RFC 6238 §5.2). A code works once (RFC 6238 §5.2): the caller stores the step, and
 * accepts a code only if its step is greater than the stored one. All three steps are computed and
 * compared, so the time does not depend on the step that matches.
 */
export async function verifyTotp(
  secret: Uint8Array,
  code: string,
  now: Date,
): Promise<number | null> {
  if (!digitsShape.test(code)) return null
  const algorithm = { name: 'HMAC', hash: 'SHA-1' }
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign'])
  const current = Math.floor(now.getTime() / 1000 / PERIOD_SECONDS)
  const steps = [current - 1, current, current + 1]
  const entered = encoder.encode(code)
  const matches = await Promise.all(
    steps.map(async (step) =>
      crypto.subtle.timingSafeEqual(encoder.encode(await hotp(key, step)), entered),
    ),
  )
  // Two steps may have the same code. The latest one also uses up the earlier ones.
  return steps.findLast((_, index) => matches[index]) ?? null
}

/** The code of a counter (RFC 4226 §5.3). */
async function hotp(key: CryptoKey, counter: number): Promise<string> {
  const message = new DataView(new ArrayBuffer(8))
  message.setBigUint64(0, BigInt(counter))
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, message))
  const offset = mac.getUint8(mac.byteLength - 1) & 0xf
  const number = mac.getUint32(offset) & 0x7fffffff
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0')
}

/** An entered code, for a field that accepts both kinds. */
export interface FactorCode {
  kind: 'totp' | 'recovery'
  code: string
}

/**
 * The code in its one spelling and its kind, or null for text that cannot be a code. Drops spaces
 * and dashes before anything compares: `123 456` and `123456` are the same code.
 */
export function normalizeCode(text: string): FactorCode | null {
  const digits = withoutSeparators(text)
  if (digitsShape.test(digits)) return { kind: 'totp', code: digits }
  const code = canonicalRecoveryCode(text)
  return code === null ? null : { kind: 'recovery', code }
}

/**
 * The URI that authenticator apps read from a QR code (Key Uri Format of Google Authenticator).
 * Replaces colons, which separate issuer and account, and ill-formed Unicode.
 */
export function totpUri(of: { issuer: string; account: string; secret: Uint8Array }): string {
  const issuer = labelPart(of.issuer)
  const parameters = [
    `secret=${encodeBase32(of.secret)}`,
    `issuer=${issuer}`,
    'algorithm=SHA1',
    `digits=${DIGITS}`,
    `period=${PERIOD_SECONDS}`,
  ]
  return `otpauth://totp/${issuer}:${labelPart(of.account)}?${parameters.join('&')}`
}

/** Apps do not read `+` as a space, so URLSearchParams does not fit. */
const labelPart = (text: string) => encodeURIComponent(text.toWellFormed().replaceAll(':', '-'))

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Base32 (RFC 4648 §6) without padding, which the Key Uri Format omits. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let pending = 0
  let bits = 0
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32.charAt((pending >>> bits) & 31)
    }
  }
  return bits === 0 ? text : text + BASE32.charAt((pending << (5 - bits)) & 31)
}
