/**
 * Limits on the mails to an address, as statements for a batch. Each returns a row if the mail may
 * be sent; otherwise its `RETURNING` is empty and `changes()` is 0.
 */
import { and, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import { build } from '../db/build'
import { insertSelect } from '../db/insert-select'
import { mailCounts, users } from '../db/schema'
import { MAIL_PERIOD_MS, MAX_MAILS, MAX_OTHER_MAILS } from '../limits'

/** A proven address gets one notice of a kind in this time; it stands for all that follow. */
const NOTICE_INTERVAL_MS = 10 * 60 * 1000

/** Notices about an act: mails without a link. */
export type NoticeKind =
  | 'password-changed'
  | 'password-reset'
  | 'email-change-requested'
  | 'email-changed'
  | 'account-deleted'
  | 'passkey-added'
  | 'passkey-removed'
  | 'passkey-counter-fell'
  | 'recovery-code-used'
  | 'recovery-codes-made'
  | 'totp-enabled'
  | 'totp-disabled'
  | 'factors-removed'
  | 'identity-linked'
  | 'identity-unlinked'

/**
 * The key under which mails to the user that `who` selects are counted: the HMAC of the address, so
 * that neither a new account nor a change of address resets the count. Null if there is no user.
 */
export const mailCounterKey = (who: SQL | undefined) =>
  sql<string>`(select ${ownKey} from ${users} where ${who})`
/**
 * The key of the mails to an address: the one of the account that `owner` selects, else one of its
 * own, so that known and unknown addresses are counted alike.
 */
export const addressCounterKey = (owner: SQL | undefined, emailHmac: string) =>
  sql<string>`coalesce(${mailCounterKey(owner)}, ${`nobody:${emailHmac}`})`
const ownKey = sql<string>`coalesce(${users.emailHmac}, 'user:' || ${users.id})`

/** Counts a mail that is no reset, if `condition` holds. */
export const countMail = (key: string | SQL, now: Date, condition = sql`true`) =>
  count({ key, now, from: sql`where ${condition}`, most: MAX_OTHER_MAILS })

/** Counts a reset. */
export const countReset = (key: string | SQL, now: Date) =>
  count({ key, now, from: sql`where true`, most: MAX_MAILS })

/**
 * Counts a notice to the user that `who` selects, if `condition` holds. A proven address gets one
 * notice of a kind in ten minutes; an unproven one counts it with its other mails.
 */
export function countNotice(kind: NoticeKind, who: SQL, now: Date, condition = sql`true`) {
  const key = sql`case ${users.emailVerified} when 1 then ${noticeKey(kind)} || ${ownKey} else ${ownKey} end`
  return count({
    key,
    now,
    from: sql`from ${users} where ${and(who, condition)}`,
    most: MAX_OTHER_MAILS,
  })
}

const noticeKey = (kind: NoticeKind | '%') => `notice:${kind}:`
const isNotice = sql`${mailCounts.key} like ${noticeKey('%')} || '%'`

interface Count {
  key: string | SQL
  now: Date
  /** Where the row to count comes from; no row counts nothing. */
  from: SQL
  /** Maximum mails until `MAIL_PERIOD_MS` passes without a counted one. */
  most: number
}

function count({ key, now, from, most }: Count) {
  const before = (ms: number) => new Date(now.getTime() - ms)
  const isOver = or(
    lte(mailCounts.since, before(MAIL_PERIOD_MS)),
    and(isNotice, lte(mailCounts.since, before(NOTICE_INTERVAL_MS))),
  )
  return insertSelect(mailCounts, { key, count: 1, since: now }, from)
    .onConflictDoUpdate({
      target: mailCounts.key,
      set: {
        count: sql`case when ${isOver} then 1 else ${mailCounts.count} + 1 end`,
        since: now,
      },
      setWhere: sql`${or(isOver, and(sql`not (${isNotice})`, lt(mailCounts.count, most)))}`,
    })
    .returning({ count: mailCounts.count })
}

/**
 * Frees two reset mails, if `condition` holds: for a verified owner whose links were used or
 * voided.
 */
export const releaseResets = (key: string | SQL<string>, condition: SQL) =>
  build
    .update(mailCounts)
    .set({ count: sql`min(${mailCounts.count}, ${MAX_OTHER_MAILS})` })
    .where(and(sql`${mailCounts.key} = ${key}`, condition))
