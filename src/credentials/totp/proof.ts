/** The proof of a code of an authenticator app. */
import { and, eq, lt, type SQL } from 'drizzle-orm'
import { build } from '../../db/build'
import { totp } from '../../db/schema-credentials'
import type { Proof } from '../proof'
import { factorKey } from '../throttle'

/** Less than every stored step, so that a wrong code updates no row. */
const NO_STEP = -1

export interface VerifiedCode {
  /** The time step of the code; null if the code is wrong. */
  step: number | null
  /** The encrypted secret that the code was verified with. It must still be the stored one. */
  sealed: string
  /** The condition on the row: the app is set up, or waits for its first code. */
  isApp: SQL
  /** Further changes of the row. */
  set?: Partial<Pick<typeof totp.$inferInsert, 'confirmedAt' | 'secret'>>
}

/** A code works once (RFC 6238 §5.2): its step must be later than the last one that was used. */
export const totpProof = (userId: number, { step, sealed, isApp, set }: VerifiedCode): Proof => ({
  method: 'otp',
  counter: factorKey(userId),
  use: (condition) =>
    build
      .update(totp)
      .set({ ...set, lastStep: step ?? NO_STEP })
      .where(
        and(
          eq(totp.userId, userId),
          eq(totp.secret, sealed),
          isApp,
          lt(totp.lastStep, step ?? NO_STEP),
          condition,
        ),
      )
      .returning({ userId: totp.userId }),
})
