/**
 * Limits that several parts need: the file that enforces one, and the cron, a mail, a page or a
 * document that states it. Other limits are with their code: docs/settings.md lists them.
 * docs/data-model.md has the bound of every table.
 */

const MINUTE_MS = 60 * 1000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** How long a mailed link works (ASVS 6.5.5). */
export const LINK_LIFETIME_MS = {
  verify: 24 * HOUR_MS,
  change: 24 * HOUR_MS,
  reset: HOUR_MS,
  signIn: 10 * MINUTE_MS,
} as const

/** The maximum age in seconds of the authentication for a sensitive operation (RFC 9470). */
export const FRESH_SECONDS = 300

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

/**
 * Maximum mails to an address. The count starts again when an hour passes without a counted mail.
 */
export const MAX_MAILS = 5
/** Of these, how many may be other than resets, so that two resets always remain. */
export const MAX_OTHER_MAILS = 3
/** The count of mails to an address starts again when this time passes without a counted mail. */
export const MAIL_PERIOD_MS = HOUR_MS
/** The newest counters of mails that are kept. A client makes at most 30 a minute. */
export const MAX_MAIL_COUNTERS = 500_000

/** How long an `Idempotency-Key` is remembered. */
export const IDEMPOTENCY_MS = DAY_MS
/** The newest keys of an account that a trigger keeps; see migrations/0007_bound_triggers.sql. */
export const IDEMPOTENCY_KEYS_PER_ACCOUNT = 10_000

/** A duration of whole minutes as text: `10 minutes`, `one hour`, `24 hours`. */
export function durationText(ms: number): string {
  const [count, unit] = ms % HOUR_MS === 0 ? [ms / HOUR_MS, 'hour'] : [ms / MINUTE_MS, 'minute']
  return count === 1 ? `one ${unit}` : `${count} ${unit}s`
}
