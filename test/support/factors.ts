/**
 * Second factors of users, stored in D1 directly, and the codes that an authenticator app shows.
 */
import { env } from 'cloudflare:workers'
import * as OTPAuth from 'otpauth'
import { openDataKeys, seal } from '../../src/security/data-keys'
import { generateRecoveryCodes } from '../../src/security/recovery-code'
import { generateTotpSecret } from '../../src/security/totp'
import { readSettings } from '../../src/settings'

const STEP_MS = 30_000

/** The code of a secret, `steps` time steps from now. */
export const codeOf = (secret: Uint8Array, steps = 0) =>
  new OTPAuth.TOTP({ secret: new OTPAuth.Secret({ buffer: secret.slice().buffer }) }).generate({
    timestamp: Date.now() + steps * STEP_MS,
  })

/** The bytes of a secret as the API shows it. */
export const decodeBase32 = (text: string) => new Uint8Array(OTPAuth.Secret.fromBase32(text).buffer)

/** Six digits that are the code of no step near now. */
export function wrongCode(secret: Uint8Array): string {
  const right = [-2, -1, 0, 1, 2].map((step) => codeOf(secret, step))
  for (let n = 0; ; n++) {
    const code = String(n).padStart(6, '0')
    if (!right.includes(code)) return code
  }
}

/** Sets up an authenticator app and ten recovery codes, without ending any session. */
export async function giveTotp(id: number) {
  const keys = await openDataKeys(readSettings(env).dataKeys ?? [])
  const secret = generateTotpSecret()
  const sealed = await seal(keys, new Uint8Array(secret), { purpose: 'totp', userId: id })
  const { codes, hashes } = await generateRecoveryCodes(10)
  const now = Date.now()
  await env.DB.batch([
    env.DB.prepare("update users set factors = 'totp', email_verified = 1 where id = ?").bind(id),
    env.DB.prepare('insert into totp values (?, ?, 0, ?, ?)').bind(id, sealed, now, now),
    ...hashes.map((hash) =>
      env.DB.prepare('insert into recovery_codes values (?, ?, ?)').bind(hash, id, now),
    ),
  ])
  return { secret, recoveryCodes: codes }
}
