/** The ways to sign in that an account has. */
import { eq, type SQL, sql } from 'drizzle-orm'
import { users } from '../db/schema'
import { identities, passkeys } from '../db/schema-credentials'
import type { Settings } from '../settings'

/**
 * The condition that the user of the actor can sign in without one passkey or identity: with a
 * password, a passkey of the present domain, or an identity of a configured provider. The
 * statement joins `users`.
 */
export function hasOtherWayIn(
  { caller, settings }: { caller: { userId: number }; settings: Settings },
  { passkey = '', identity = '' }: { passkey?: string; identity?: string },
): SQL {
  const { userId } = caller
  const { passkeyRpId, identityProviders } = settings
  const issuers = JSON.stringify(identityProviders.map(({ issuer }) => issuer))
  return sql`(${eq(users.hasPassword, true)}
    or exists (select 1 from ${passkeys} as other where other.user_id = ${userId}
      and other.id <> ${passkey} and other.rp_id = ${passkeyRpId})
    or exists (select 1 from ${identities} as other where other.user_id = ${userId}
      and other.id is not ${identity} and other.issuer in (select value from json_each(${issuers}))))`
}
