/** Which account an identity belongs to. Pure. */

/** Identities of an account. Each one is a way to sign in, so their number is bounded. */
export const MAX_IDENTITIES = 20

/** The accounts that an identity may belong to, as D1 has them. */
export interface KnownIdentity<A> {
  /** The account that the identity is linked to. */
  account: A | null
  /** The account that has the proven address of the identity, if there is one. */
  sameAddress: { emailVerified: boolean } | null
}

export type IdentityVerdict<A> =
  | { kind: 'sign-in'; account: A }
  | { kind: 'disabled'; account: A }
  /** The settings require a proven address, and the account has none. */
  | { kind: 'unverified'; account: A }
  /** An account has the address and has proven it. Its owner links the identity. */
  | { kind: 'account-exists' }
  /** An account has the address and never proved it. The owner of the address may take it over. */
  | { kind: 'account-unproven' }
  | { kind: 'new' }

/**
 * Issuer and subject alone decide. A proven address links nothing: another person may have
 * registered it here, and another person may get it next.
 */
export function judgeIdentity<A extends { isActive: boolean; emailVerified: boolean }>(
  { account, sameAddress }: KnownIdentity<A>,
  { requireVerifiedEmail }: { requireVerifiedEmail: boolean },
): IdentityVerdict<A> {
  if (account) {
    if (!account.isActive) return { kind: 'disabled', account }
    if (requireVerifiedEmail && !account.emailVerified) return { kind: 'unverified', account }
    return { kind: 'sign-in', account }
  }
  if (!sameAddress) return { kind: 'new' }
  return { kind: sameAddress.emailVerified ? 'account-exists' : 'account-unproven' }
}
