/** The contents of an export. */
import { z } from '@hono/zod-openapi'
import { Identity, viewIdentity } from '../../credentials/identities/schemas'
import type { IdentityRow } from '../../credentials/identities/store'
import { Passkey } from '../../credentials/passkeys/schemas'
import type { posts, sessions } from '../../db/schema'
import { Event } from '../../event-view'
import { EVENT_DAYS } from '../../limits'
import type { Settings } from '../../settings'
import { dayOf, Id, Time, UserPrivate } from '../../user'

const OwnSession = z
  .object({
    id: z.string(),
    client_id: z.string(),
    scope: z.string(),
    created_at: Time,
    last_used_at: Time,
    expires_at: Time,
    user_agent: z.string().nullable(),
    location: z.string().nullable(),
  })
  .strict()
const Link = z
  .object({
    purpose: z.enum(['verify', 'reset', 'change', 'sign-in']),
    email: z.string(),
    created_at: Time,
    expires_at: Time,
  })
  .strict()
const OwnPost = z
  .object({
    id: Id,
    title: z.string(),
    content: z.string(),
    visibility: z.enum(['public', 'private']),
    created_at: Time,
    updated_at: Time,
  })
  .strict()

/** Only the owner of an identity sees its issuer and subject. */
const OwnIdentity = Identity.extend({ issuer: z.string(), subject: z.string() }).strict()

export const Export = z
  .object({
    exported_at: Time,
    profile: UserPrivate,
    sessions: z.array(OwnSession),
    links: z.array(Link).meta({ description: 'Mailed links that have not been used' }),
    passkeys: z.array(Passkey),
    identities: z.array(OwnIdentity),
    posts: z.array(OwnPost).meta({ description: 'Oldest first' }),
    events: z.array(Event).meta({ description: `Of the last ${EVENT_DAYS} days, oldest first` }),
  })
  .strict()
  .openapi('Export')
export type Export = z.infer<typeof Export>

export const viewOwnSession = (row: typeof sessions.$inferSelect): z.infer<typeof OwnSession> => ({
  id: row.id,
  client_id: row.clientId,
  scope: row.scope,
  created_at: row.createdAt.toISOString(),
  last_used_at: dayOf(row.lastUsedAt),
  expires_at: dayOf(row.expiresAt),
  user_agent: row.userAgent,
  location: row.location,
})

/** A mailed link without its secrets. */
export interface LinkRow {
  purpose: z.infer<typeof Link>['purpose']
  email: string
  createdAt: Date
  expiresAt: Date
}

export const viewOwnIdentity = (
  row: IdentityRow,
  settings: Settings,
): z.infer<typeof OwnIdentity> => ({
  ...viewIdentity(row, settings),
  issuer: row.issuer,
  subject: row.subject,
})

export const viewLink = (row: LinkRow): z.infer<typeof Link> => ({
  purpose: row.purpose,
  email: row.email,
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt.toISOString(),
})

export const viewOwnPost = (
  row: Omit<typeof posts.$inferSelect, 'authorId' | 'revision'>,
): z.infer<typeof OwnPost> => ({
  id: row.id,
  title: row.title,
  content: row.content,
  visibility: row.visibility,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})
