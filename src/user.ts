/** A user on the wire: the public view, and the private one for the user and admins. */
import { z } from '@hono/zod-openapi'
import { isNull } from 'drizzle-orm'
import { users } from './db/schema'

export const Id = z.int().positive().max(Number.MAX_SAFE_INTEGER).meta({ example: 1 })
export const Time = z.iso
  .datetime()
  .meta({ description: 'RFC 3339, UTC', example: '2026-11-23T08:00:00.000Z' })

/** The day of a time. The exact time would reveal to a thief of tokens when the owner refreshes. */
export const dayOf = (time: Date) => `${time.toISOString().slice(0, 10)}T00:00:00.000Z`

export const UserPublic = z
  .object({
    id: Id,
    username: z.string().meta({ example: 'ann' }),
    full_name: z.string().nullable().meta({ example: 'Ann Example' }),
    image_url: z.url().nullable().meta({ description: 'The picture; null: none' }),
    created_at: Time,
  })
  .strict()
  .openapi('UserPublic')
export type UserPublic = z.infer<typeof UserPublic>

export const UserPrivate = UserPublic.extend({
  email: z.string().meta({ example: 'ann@example.com' }),
  email_verified: z.boolean(),
  role: z.enum(['user', 'admin']),
  is_active: z.boolean(),
})
  .strict()
  .openapi('UserPrivate')
export type UserPrivate = z.infer<typeof UserPrivate>

/**
 * Excludes deleted accounts whose posts are still being deleted. Every query that returns users or
 * posts has it, unless it requires an active user.
 */
export const isPresent = isNull(users.deletedAt)

/** The columns that `viewPublic` needs. The hash is in neither list, so it cannot leak. */
export const publicColumns = {
  id: users.id,
  username: users.username,
  fullName: users.fullName,
  avatarKey: users.avatarKey,
  createdAt: users.createdAt,
}
export const privateColumns = {
  ...publicColumns,
  email: users.email,
  emailVerified: users.emailVerified,
  role: users.role,
  isActive: users.isActive,
}
type User = typeof users.$inferSelect
export type PublicRow = Pick<User, keyof typeof publicColumns>
export type PrivateRow = Pick<User, keyof typeof privateColumns>

/** `origin` is APP_ORIGIN: pictures are served from it, also to a SPA on another origin. */
export const viewPublic = (row: PublicRow, origin: string): UserPublic => ({
  id: row.id,
  username: row.username,
  full_name: row.fullName,
  image_url: row.avatarKey && `${origin}/avatars/${row.avatarKey}`,
  created_at: row.createdAt.toISOString(),
})

export const viewPrivate = (row: PrivateRow, origin: string): UserPrivate => ({
  ...viewPublic(row, origin),
  email: row.email,
  email_verified: row.emailVerified,
  role: row.role,
  is_active: row.isActive,
})

/** `/{id}` in a path. */
export const IdParam = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,15}$/, 'must be a positive whole number')
    .transform(Number)
    .refine(Number.isSafeInteger, 'must be a positive whole number')
    .openapi({ param: { name: 'id', in: 'path' }, type: 'integer', minimum: 1, example: 1 }),
})
