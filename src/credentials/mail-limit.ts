/** Limits on the mails to an address, as statements for a batch. */
import { and, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { build } from '../db/build'
import { insertSelect } from '../db/insert-select'
import { mailCounts, users } from '../db/schema'
import { MAIL_PERIOD_MS } from '../retention'

/** So many mails go to an address before it has an hour's rest, resets among them. */
const MAILS_PER_HOUR = 5
/** And so many of other kinds: whoever causes them, a stranger too, leaves two resets to its owner. */
const OTHERS_PER_HOUR = 3

/**
 * Under which key mails to the one person that `who` fits are counted: that of the address, so that neither a new account nor a move brings a
 * new allowance. Null: nobody.
 */
export const mailCounterKey = (who: SQL | undefined) =>
  sql<string>`(select coalesce(${users.emailHmac}, 'user:' || ${users.id}) from ${users} where ${who})`

/** Counts a mail that is no reset, if `condition` holds, unless the address had three and no hour's rest since: `RETURNING` is empty then, and `changes()` 0. */
export const countMail = (key: string | SQL, now: Date, condition = sql`true`) =>
  countUpTo(OTHERS_PER_HOUR, key, now, condition)
/** The same for a reset: unless it had five. */
export const countReset = (key: string | SQL, now: Date) =>
  countUpTo(MAILS_PER_HOUR, key, now, sql`true`)

function countUpTo(most: number, key: string | SQL, now: Date, condition: SQL) {
  const anHourAgo = new Date(now.getTime() - MAIL_PERIOD_MS)
  const isRested = lte(mailCounts.since, anHourAgo)
  return insertSelect(mailCounts, { key, count: 1, since: now }, sql`where ${condition}`)
    .onConflictDoUpdate({
      target: mailCounts.key,
      set: {
        count: sql`case when ${isRested} then 1 else ${mailCounts.count} + 1 end`,
        since: now,
      },
      setWhere: sql`${or(isRested, lt(mailCounts.count, most))}`,
    })
    .returning({ count: mailCounts.count })
}

/** Two resets more, if `condition` holds: for who has proven to own the address, where links have just become void or been used. */
export const releaseResets = (key: string | SQL<string>, condition: SQL) =>
  build
    .update(mailCounts)
    .set({ count: sql`min(${mailCounts.count}, ${OTHERS_PER_HOUR})` })
    .where(and(sql`${mailCounts.key} = ${key}`, condition))
