/**
 * The tables of D1. Times are milliseconds since 1970 (UTC). A `_hash` column holds a hash. A
 * `_key` column holds the normalized form of another column, except `address_key`, which is an
 * HMAC, and `avatar_key`, which names an object in R2.
 */
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
import { flag, time } from './columns'
import { EVENT_TYPES } from './event-types'

/** Users. Ids are never reused (AUTOINCREMENT), so a token's `sub` always means the same user. */
export const users = sqliteTable(
  'users',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    username: text('username').notNull(),
    /** The case-folded username, which is unique. SQLite's `lower()` folds ASCII only. */
    usernameKey: text('username_key').notNull(),
    email: text('email').notNull(),
    emailKey: text('email_key').notNull(),
    /**
     * HMAC of `email_key`. Rate-limit counters use it as key and outlive the account. Null in rows
     * older than this column.
     */
    emailHmac: text('address_key'),
    emailVerified: flag('email_verified').notNull().default(false),
    fullName: text('full_name'),
    role: text('role', { enum: ['user', 'admin'] })
      .notNull()
      .default('user'),
    isActive: flag('is_active').notNull().default(true),
    /** PHC string of Argon2id. */
    passwordHash: text('password_hash').notNull(),
    /** Name of the picture's object in R2; null: no picture. */
    avatarKey: text('avatar_key'),
    /** Incremented when the public profile changes; part of the ETag of the user's posts. */
    revision: integer('revision').notNull().default(1),
    createdAt: time('created_at').notNull(),
    /**
     * The WebAuthn user handle: 16 random bytes, base64url, so that it says nothing about the user
     * (WebAuthn Level 3 §14.6.1). A trigger sets it on insert. Null only for deleted users.
     */
    handle: text('handle'),
    /** Whether the user knows a password. Otherwise `passwordHash` matches none. */
    hasPassword: flag('has_password').notNull().default(true),
    /** The second factors that are set up, space-separated: `totp passkey`. Sign-in reads it. */
    factors: text('factors').notNull().default(''),
    /**
     * When the account was deleted. The row then holds no personal data and remains until the cron
     * has deleted its posts. Every query that returns users or posts excludes it (`isPresent`).
     */
    deletedAt: time('deleted_at'),
  },
  (t) => [
    uniqueIndex('users_handle').on(t.handle),
    uniqueIndex('users_username_key').on(t.usernameKey),
    uniqueIndex('users_email_key').on(t.emailKey),
    // Serves `isLastAdmin`. It is small, since there are few admins.
    index('users_admins').on(t.role, t.isActive).where(sql`role = 'admin'`),
    index('users_deleted').on(t.deletedAt).where(sql`deleted_at is not null`),
    // The sweep of R2 looks up which pictures have an account.
    index('users_avatar').on(t.avatarKey).where(sql`avatar_key is not null`),
    check('users_role', sql`${t.role} in ('user', 'admin')`),
    check('users_flags', sql`${t.isActive} in (0, 1) and ${t.emailVerified} in (0, 1)`),
  ],
)

/** Active sessions. Ending one deletes its row. Nothing in a row can be used as a token. */
export const sessions = sqliteTable(
  'sessions',
  {
    /** 128 random bits, base64url. */
    id: text('id').primaryKey(),
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    clientId: text('client_id').notNull(),
    /** The granted scope, space-separated. A refresh may narrow its access token only. */
    scope: text('scope').notNull(),
    /** The number of the current refresh token. */
    counter: integer('counter').notNull().default(0),
    /** When `counter` last changed. For a few seconds, the previous token may be repeated. */
    rotatedAt: time('rotated_at').notNull(),
    createdAt: time('created_at').notNull(),
    lastUsedAt: time('last_used_at').notNull(),
    /** The earlier of the idle and the absolute limit. */
    expiresAt: time('expires_at').notNull(),
    userAgent: text('user_agent'),
    /** Approximate location according to Cloudflare, e.g. `Vienna, AT`. */
    location: text('location'),
    /** How the user signed in, space-separated (RFC 8176): see `security/auth-methods.ts`. */
    amr: text('amr').notNull().default('pwd'),
    /** When the user last proved their identity. Null: at `createdAt`. */
    authTime: time('auth_time'),
    /** A sign-in, the grant of a third-party app, or a personal access token. */
    kind: text('kind', { enum: ['login', 'grant', 'token'] })
      .notNull()
      .default('login'),
    /** The name that the user gave a personal access token. */
    name: text('name'),
    /** The resource that tokens of a grant are for (RFC 8707). Null: this service. */
    resource: text('resource'),
    /** How often the parent of the current refresh token was presented again. */
    repeats: integer('repeats').notNull().default(0),
  },
  (t) => [
    index('sessions_user').on(t.userId, t.createdAt),
    index('sessions_expiry').on(t.expiresAt),
    check('sessions_counter', sql`${t.counter} >= 0`),
  ],
)

export const posts = sqliteTable(
  'posts',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    authorId: integer('author_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    title: text('title').notNull(),
    content: text('content').notNull(),
    /** Incremented by each change; part of the ETag. */
    revision: integer('revision').notNull().default(1),
    createdAt: time('created_at').notNull(),
    updatedAt: time('updated_at').notNull(),
    /** A private post exists for its author alone. */
    visibility: text('visibility', { enum: ['public', 'private'] })
      .notNull()
      .default('public'),
  },
  (t) => [
    index('posts_author').on(t.authorId, t.id),
    // Public lists read these, so that no number of private posts makes one slower.
    index('posts_public').on(t.id).where(sql`visibility = 'public'`),
    index('posts_public_author').on(t.authorId, t.id).where(sql`visibility = 'public'`),
    check('posts_title', sql`length(${t.title}) > 0`),
  ],
)

/** The post that an `Idempotency-Key` created, for a day, also after the post is deleted. */
export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    key: text('key').notNull(),
    /** SHA-256, in base64url, of the JSON array of the request's title and content. */
    bodyHash: text('body_hash').notNull(),
    postId: integer('post_id').notNull(),
    createdAt: time('created_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.key] }),
    index('idempotency_keys_age').on(t.createdAt),
  ],
)

/** Mailed links, at most one per user and purpose: a newer link replaces the older one. */
export const emailTokens = sqliteTable(
  'email_tokens',
  {
    userId: integer('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    purpose: text('purpose', { enum: ['verify', 'reset', 'change'] }).notNull(),
    /** SHA-256 of the token, base64url. */
    tokenHash: text('token_hash').notNull(),
    /** The address that the link was sent to; for `change`, the new address. */
    email: text('email').notNull(),
    emailKey: text('email_key').notNull(),
    createdAt: time('created_at').notNull(),
    expiresAt: time('expires_at').notNull(),
    /** HMAC of `email_key`, as in `users`. */
    emailHmac: text('address_key'),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.purpose] }),
    uniqueIndex('email_tokens_hash').on(t.tokenHash),
    index('email_tokens_expiry').on(t.expiresAt),
    check('email_tokens_purpose', sql`${t.purpose} in ('verify', 'reset', 'change')`),
  ],
)

/**
 * Consecutive failed passwords and codes. For passwords the key is `address:` or `name:` and an
 * HMAC of the submitted login, whether or not an account has it, so that waits do not reveal which
 * logins exist or belong together. Re-authentication in a session counts under `confirm:<user id>`,
 * codes of a second factor under `factor:<user id>`.
 */
export const attempts = sqliteTable(
  'attempts',
  {
    key: text('key').primaryKey(),
    /**
     * The account, or null for a login that no account has. A right password or a reset deletes the
     * rows of its passwords, a right code the row of its codes.
     */
    userId: integer('user_id').references(() => users.id, { onDelete: 'cascade' }),
    failures: integer('failures').notNull(),
    /** No password or code is checked before this time. */
    waitUntil: time('wait_until').notNull(),
    lastAt: time('last_at').notNull(),
  },
  // Also the order in which the rows without an account are deleted.
  (t) => [index('attempts_user_age').on(t.userId, t.lastAt)],
)

/**
 * The mails to an address. The count starts again when an hour passes without a counted mail.
 * `credentials/mail-limit.ts` makes the keys.
 */
export const mailCounts = sqliteTable(
  'mail_counts',
  {
    key: text('key').primaryKey(),
    count: integer('count').notNull(),
    /** When the last counted mail was sent. */
    since: time('since').notNull(),
  },
  (t) => [index('mail_counts_age').on(t.since)],
)

/** Security events of accounts. No foreign key: the deletion of an account is an event too. */
export const events = sqliteTable(
  'events',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    userId: integer('user_id').notNull(),
    type: text('type', { enum: EVENT_TYPES }).notNull(),
    at: time('at').notNull(),
    sessionId: text('session_id'),
    location: text('location'),
  },
  (t) => [index('events_user').on(t.userId, t.id), index('events_age').on(t.at)],
)
