/** The account of a new user who comes from an identity provider, in D1. */
import { eq, sql } from 'drizzle-orm'
import { type Account, accountColumns } from '../../credentials/account'
import { type Address, type Link, storeLink } from '../../credentials/email-tokens'
import { insertIdentity } from '../../credentials/identities/store'
import type { ProvenIdentity } from '../../credentials/identity-providers/identity'
import { countMail } from '../../credentials/mail-limit'
import { isTokenUsed, type UsedToken, useToken } from '../../credentials/proof'
import { type Database, uniqueViolation } from '../../db'
import { batch, single } from '../../db/batch'
import { build } from '../../db/build'
import { recordEvent } from '../../db/events'
import { users } from '../../db/schema'
import { caseFold } from '../../normalize'

export interface IdentityUser {
  identity: ProvenIdentity
  provider: string
  /** The sealed proof, which works once. */
  proof: UsedToken
  username: string
  fullName: string | null
  address: Address
  isEmailProven: boolean
  /** A hash that no password has. */
  unusableHash: string
  /** Mailed to an unproven address; null: the address is proven. */
  link: Link | null
}

export type CreatedUser =
  | { kind: 'created'; account: Account; hasLink: boolean }
  | { kind: 'username-taken' | 'email-taken' | 'identity-taken' | 'registration-ended' }

/**
 * Creates the account with its identity, unless the username, the address or the identity is taken,
 * or the proof was used. The unique indexes decide, also between parallel requests.
 */
export async function createIdentityUser(
  db: Database,
  user: IdentityUser,
  { now, location }: { now: Date; location: string | null },
): Promise<CreatedUser> {
  const { identity, provider, username, fullName, address, link } = user
  const usernameKey = caseFold(username)
  const isNew = eq(users.usernameKey, usernameKey)
  const userId = sql<number>`(select ${users.id} from ${users} where ${isNew})`
  try {
    const { created, stored } = await batch(db, {
      proofUsed: useToken(user.proof),
      created: build
        .insert(users)
        .values({
          ...address,
          username,
          usernameKey,
          fullName,
          emailVerified: user.isEmailProven,
          passwordHash: user.unusableHash,
          hasPassword: false,
          createdAt: now,
        })
        .returning(accountColumns),
      linked: insertIdentity(identity, provider, now, sql`from ${users} where ${isNew}`),
      recorded: recordEvent({ userId, type: 'registered', at: now, location }),
      linkRecorded: recordEvent({ userId, type: 'identity_linked', at: now, location }),
      counted: link ? countMail(address.emailHmac, now) : undefined,
      stored: link ? storeLink(link, isNew) : undefined,
    })
    return { kind: 'created', account: single(created), hasLink: (stored ?? []).length > 0 }
  } catch (error) {
    if (isTokenUsed(error)) return { kind: 'registration-ended' }
    switch (uniqueViolation(error)) {
      case 'users.username_key':
        return { kind: 'username-taken' }
      case 'users.email_key':
        return { kind: 'email-taken' }
      case 'identities.issuer, identities.subject':
        return { kind: 'identity-taken' }
      default:
        throw error
    }
  }
}
