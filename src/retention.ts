/**
 * How long rows are kept and how many of them, in one place. The cron deletes the rest
 * (`scheduled.ts`). docs/data-model.md has the bound of every table.
 */

export const HOUR_MS = 60 * 60 * 1000
export const DAY_MS = 24 * HOUR_MS

/** Events of an account, also the one of its deletion. */
export const EVENT_DAYS = 90
/** The newest events of an account that a trigger keeps; see migrations/0007_bound_triggers.sql. */
export const EVENTS_PER_ACCOUNT = 20_000

/** Failed sign-ins with a login that has no account. */
export const UNKNOWN_LOGIN_DAYS = 30
/**
 * The newest unknown logins whose failures are kept: 80 MiB. A client makes at most 60 a minute, so
 * 100 clients need 83 minutes to displace a row, longer than the longest wait (1 h).
 */
export const MAX_UNKNOWN_LOGINS = 500_000

/** The period in which mails to one address are counted. */
export const MAIL_PERIOD_MS = HOUR_MS
/** The newest counters of mails that are kept. A client makes at most 30 a minute. */
export const MAX_MAIL_COUNTERS = 500_000

/** How long an `Idempotency-Key` is remembered. */
export const IDEMPOTENCY_MS = DAY_MS
/** The newest keys of an account that a trigger keeps; see migrations/0007_bound_triggers.sql. */
export const IDEMPOTENCY_KEYS_PER_ACCOUNT = 10_000
