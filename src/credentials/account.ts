/** The account of a user who proves their identity. Not for responses. */
import { eq } from 'drizzle-orm'
import { build } from '../db/build'
import { users } from '../db/schema'
import { type PrivateRow, privateColumns } from '../user'

/** The columns of a mail's `Recipient`. */
export const recipientColumns = {
  username: users.username,
  email: users.email,
  emailVerified: users.emailVerified,
}

export const accountColumns = {
  ...privateColumns,
  passwordHash: users.passwordHash,
  hasPassword: users.hasPassword,
  factors: users.factors,
}
export type Account = PrivateRow &
  Pick<typeof users.$inferSelect, 'passwordHash' | 'hasPassword' | 'factors'>

/** Selects an account, active or not. */
export const selectAccount = (userId: number) =>
  build.select(accountColumns).from(users).where(eq(users.id, userId))
