/** Accounts in D1: one function is one round trip. */
import { eq, sql } from 'drizzle-orm'
import type { Caller } from '../context'
import { type Database, uniqueViolation } from '../db'
import { recordEvent } from '../db/events'
import { DeadSession, isLive } from '../db/live'
import { sessions, users } from '../db/schema'
import { type PrivateRow, type PublicRow, privateColumns, publicColumns } from '../user'
import { canonical } from './schemas'

export interface NewUser {
  username: string
  email: string
  fullName: string | null
  passwordHash: string
}
export type Registered =
  | { kind: 'created'; user: PrivateRow }
  | { kind: 'username-taken' }
  | { kind: 'email-taken' }

/** Makes the account, unless its name or address is taken: the unique indexes decide, also between parallel requests. */
export async function createUser(
  db: Database,
  user: NewUser,
  now: Date,
  location: string | null,
): Promise<Registered> {
  const usernameKey = canonical(user.username)
  try {
    const [created] = await db.batch([
      db
        .insert(users)
        .values({ ...user, usernameKey, emailKey: canonical(user.email), createdAt: now })
        .returning(privateColumns),
      recordEvent(db, {
        userId: sql`(select ${users.id} from ${users} where ${users.usernameKey} = ${usernameKey})`,
        type: 'registered',
        at: now,
        location,
      }),
    ])
    return { kind: 'created', user: created[0] as PrivateRow }
  } catch (error) {
    switch (uniqueViolation(error)) {
      case 'users.username_key':
        return { kind: 'username-taken' }
      case 'users.email_key':
        return { kind: 'email-taken' }
      default:
        throw error
    }
  }
}

/** The caller's own account. @throws DeadSession */
export async function findCaller(db: Database, caller: Caller, now: Date): Promise<PrivateRow> {
  const user = await db
    .select(privateColumns)
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(isLive(caller, now))
    .get()
  if (!user) throw new DeadSession()
  return user
}

export const findUser = (db: Database, id: number): Promise<PublicRow | undefined> =>
  db.select(publicColumns).from(users).where(eq(users.id, id)).get()
