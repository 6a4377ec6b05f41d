/** Pending sign-ins: the first factor was right, and the account needs a second one. */
import type { AppContext } from '../../context'
import type { Account } from '../../credentials/account'
import type { Amr } from '../../security/auth-methods'
import { issuePendingToken, PENDING_SECONDS } from '../../security/pending-token'
import { type FactorMethod, secondFactorsOf } from '../rules'

/** The data that the client needs to continue. */
export interface Pending {
  token: string
  methods: readonly FactorMethod[]
  /** Seconds. */
  expiresIn: number
}

export async function issuePending(
  c: AppContext,
  account: Account,
  of: { amr: readonly Amr[]; clientId: string; scope: readonly string[]; replaces: string | null },
): Promise<Pending> {
  const { keys, now } = c.var
  const { id: userId, passwordHash, factors } = account
  const token = await issuePendingToken(keys, { ...of, userId, passwordHash, now })
  return { token, methods: secondFactorsOf(factors), expiresIn: PENDING_SECONDS }
}
