/** A code of a second factor: of an authenticator app, or a recovery code. One field takes both. */
import { z } from '@hono/zod-openapi'
import { and, eq, isNotNull, type SQL } from 'drizzle-orm'
import { build } from '../db/build'
import { recoveryCodes, totp } from '../db/schema-credentials'
import { recoveryCodeUsed } from '../mail/texts'
import { sha256Base64url } from '../security/digest'
import { type FactorCode, normalizeCode, verifyTotp } from '../security/totp'
import type { Settings } from '../settings'
import type { Proof } from './proof'
import { factorKey } from './throttle'
import { totpProof } from './totp/proof'
import { openSecret } from './totp/secret'

/** The rule that a text breaks if it cannot be a code. */
export const CODE_RULE = 'must be the 6 digits of your authenticator app, or a recovery code'

/** The detail of the problem `too-many-attempts` for codes. A reset does not help. */
export const TOO_MANY_CODES =
  'Too many wrong codes. Wait before the next one, or sign in with a passkey.'

/** An entered code in its one spelling. */
export const Code = z
  .string()
  .max(100, CODE_RULE)
  .transform((text, ctx) => {
    const code = normalizeCode(text)
    if (code) return code
    ctx.addIssue({ code: 'custom', message: CODE_RULE })
    return z.NEVER
  })
  .openapi({
    type: 'string',
    maxLength: 100,
    description: 'The 6 digits of an authenticator app, or a recovery code; spaces do not matter',
    example: '123456',
  })

/** Selects the encrypted secrets of the users that `isUser` fits, of apps that are set up. */
export const selectSecret = (isUser: SQL) =>
  build
    .select({ secret: totp.secret })
    .from(totp)
    .where(and(isUser, isNotNull(totp.confirmedAt)))

/**
 * The proof of an entered code. A wrong code has a proof too, which fails when it is used, so that
 * right and wrong codes are counted and send the same statements. `sealed` is the encrypted secret
 * of the user; undefined: no authenticator app.
 * @throws ConfigurationError if the code needs DATA_KEYS and they are missing or lost.
 */
export async function codeProof(
  { settings, now }: { settings: Settings; now: Date },
  userId: number,
  entered: FactorCode,
  sealed: string | undefined,
): Promise<Proof> {
  if (entered.kind === 'recovery') return recoveryProof(userId, await sha256Base64url(entered.code))
  const isApp = isNotNull(totp.confirmedAt)
  if (sealed === undefined)
    return totpProof(userId, { step: null, sealed: '', isApp, set: { secret: '' } })
  const { secret, stored } = await openSecret(settings, userId, sealed)
  const step = await verifyTotp(secret, entered.code, now)
  return totpProof(userId, { step, sealed, isApp, set: { secret: stored } })
}

/** A recovery code works once: using it deletes it. */
const recoveryProof = (userId: number, hash: string): Proof => ({
  method: 'recovery',
  counter: factorKey(userId),
  use: (condition) =>
    build
      .delete(recoveryCodes)
      .where(and(eq(recoveryCodes.hash, hash), eq(recoveryCodes.userId, userId), condition))
      .returning({ userId: recoveryCodes.userId }),
  notice: { event: 'recovery_code_used', kind: 'recovery-code-used', mail: recoveryCodeUsed },
})
