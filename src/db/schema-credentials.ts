/** Tables of the credentials beside the password. They belong to a user and are deleted with it. */
import { sql } from 'drizzle-orm'
import {
  check,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'
import { bytes, flag, time } from './columns'
import { users } from './schema'

const owner = () =>
  integer('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' })

/** WebAuthn credentials. */
export const passkeys = sqliteTable(
  'passkeys',
  {
    /** The credential id, base64url. At most 1023 bytes (WebAuthn Level 3 §4, credential id). */
    id: text('id').primaryKey(),
    userId: owner(),
    /** The public key as COSE_Key (RFC 9052 §7). */
    key: bytes('key').notNull(),
    /** The signature counter. It stays 0 for synced passkeys. */
    counter: integer('counter').notNull(),
    backupEligible: flag('backup_eligible').notNull(),
    backedUp: flag('backed_up').notNull(),
    /** How the client reaches the authenticator, space-separated: `internal hybrid`. */
    transports: text('transports').notNull().default(''),
    /** The model of the authenticator as a UUID. Without attestation it is only a hint. */
    aaguid: text('aaguid').notNull(),
    /** The RP ID that the passkey works for. */
    rpId: text('rp_id').notNull(),
    name: text('name').notNull(),
    createdAt: time('created_at').notNull(),
    lastUsedAt: time('last_used_at'),
  },
  (t) => [
    index('passkeys_user').on(t.userId, t.createdAt),
    check('passkeys_id', sql`length(${t.id}) between 1 and 1364`),
    check('passkeys_counter', sql`${t.counter} between 0 and 4294967295`),
    check('passkeys_flags', sql`${t.backupEligible} in (0, 1) and ${t.backedUp} in (0, 1)`),
  ],
)

/** The authenticator app of a user (RFC 6238), at most one. */
export const totp = sqliteTable('totp', {
  userId: integer('user_id')
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** Encrypted, never the secret itself. */
  secret: text('secret').notNull(),
  /** The time step of the last accepted code. A code works once (RFC 6238 §5.2). */
  lastStep: integer('last_step').notNull().default(0),
  /** Null until the user has entered a first code. */
  confirmedAt: time('confirmed_at'),
  createdAt: time('created_at').notNull(),
})

/** Recovery codes that are not used yet. Using one deletes its row. */
export const recoveryCodes = sqliteTable(
  'recovery_codes',
  {
    /** SHA-256 of the code, base64url. */
    hash: text('hash').primaryKey(),
    userId: owner(),
    createdAt: time('created_at').notNull(),
  },
  (t) => [index('recovery_codes_user').on(t.userId)],
)

/** Accounts at identity providers. Issuer and subject identify one, never the email address. */
export const identities = sqliteTable(
  'identities',
  {
    issuer: text('issuer').notNull(),
    subject: text('subject').notNull(),
    /** The name of the row in paths: 128 random bits, base64url. Null in no row. */
    id: text('id'),
    /** The name of the provider in the settings. */
    provider: text('provider').notNull(),
    userId: owner(),
    /** The address that the provider stated last, for display only. */
    email: text('email'),
    createdAt: time('created_at').notNull(),
    lastUsedAt: time('last_used_at'),
  },
  (t) => [
    primaryKey({ columns: [t.issuer, t.subject] }),
    index('identities_user').on(t.userId),
    uniqueIndex('identities_id').on(t.id),
    // OpenID Connect Core §2: at most 255 ASCII characters.
    check('identities_subject', sql`length(${t.subject}) between 1 and 255`),
  ],
)

/**
 * Mailed links that sign in, at most one per user. A trigger deletes the link when the password or
 * the address changes or the account is disabled (migrations/0011_sign_in_links.sql).
 */
export const signInLinks = sqliteTable(
  'sign_in_links',
  {
    userId: integer('user_id')
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** SHA-256 of the token, base64url. */
    tokenHash: text('token_hash').notNull(),
    /** SHA-256 of the cookie of the browser that requested the link, base64url. */
    browserHash: text('browser_hash').notNull(),
    /** Six digits that this browser shows. They sign in only together with the token. */
    code: text('code').notNull(),
    /** How many wrong codes were entered. */
    wrongCodes: integer('wrong_codes').notNull().default(0),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
  },
  (t) => [
    uniqueIndex('sign_in_links_hash').on(t.tokenHash),
    index('sign_in_links_expiry').on(t.expiresAt),
  ],
)

/**
 * Stateless tokens that have been used, until they expire. Inserting a hash again violates the
 * primary key and undoes the batch, so a token works once.
 */
export const usedTokens = sqliteTable(
  'used_tokens',
  {
    hash: text('hash').primaryKey(),
    expiresAt: time('expires_at').notNull(),
  },
  (t) => [index('used_tokens_expiry').on(t.expiresAt)],
)
