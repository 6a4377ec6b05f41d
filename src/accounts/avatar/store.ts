/** Pictures: the file in R2 under a random name, the name in D1. */
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { Actor } from '../../actor'
import { single } from '../../db/batch'
import { build } from '../../db/build'
import { recordEvent, recordEventOf } from '../../db/events'
import { users } from '../../db/schema'
import { withSession } from '../../db/session-guard'
import { BYTES_16 } from '../../security/base64url'
import { logLine } from '../../security/log-line'
import { randomId } from '../../security/secret-token'
import { type PrivateRow, privateColumns } from '../../user'
import { PICTURE_TYPES, type PictureFormat } from './image'

const KEY = new RegExp(`^${BYTES_16}\\.(${Object.keys(PICTURE_TYPES).join('|')})$`)

/** The media type that a stored picture is served with; null for a key that no picture has. */
export function typeOfPicture(key: string): string | null {
  const format = KEY.exec(key)?.[1]
  return format ? PICTURE_TYPES[format as PictureFormat] : null
}

/** Stores the bytes under an unguessable key that is never used again. */
export async function storePicture(
  bucket: R2Bucket,
  bytes: ArrayBuffer,
  format: PictureFormat,
): Promise<string> {
  const key = `${randomId()}.${format}`
  await bucket.put(key, bytes, { httpMetadata: { contentType: PICTURE_TYPES[format] } })
  return key
}

/**
 * Deletes a picture that no account shows any more; for `waitUntil`, after the account has
 * changed. A failure is logged and leaves the file to the weekly sweep.
 */
export async function removePicture(bucket: R2Bucket, key: string | null | undefined) {
  if (!key) return
  try {
    await bucket.delete(key)
  } catch (error) {
    console.error(logLine({ event: 'picture_left', key, error: String(error) }))
  }
}

/** Sets the picture of the caller and returns the key of the former one. @throws SessionEnded */
export async function setAvatar(
  actor: Actor,
  key: string,
): Promise<{ user: PrivateRow; formerKey: string | null }> {
  const { caller, now, location } = actor
  const { userId, sessionId } = caller
  const isCaller = eq(users.id, userId)
  const { former, changed } = await withSession(actor, {
    former: build.select({ key: users.avatarKey }).from(users).where(isCaller),
    changed: build
      .update(users)
      .set({ avatarKey: key, revision: sql`${users.revision} + 1` })
      .where(isCaller)
      .returning(privateColumns),
    recorded: recordEvent({ userId, type: 'avatar_changed', at: now, sessionId, location }),
  })
  return { user: single(changed), formerKey: single(former).key }
}

/**
 * Removes the picture of the caller and returns its key. Null: there was none, so nothing changed.
 * @throws SessionEnded
 */
export async function clearAvatar(actor: Actor): Promise<string | null> {
  const { caller, now, location } = actor
  const hasPicture = and(eq(users.id, caller.userId), isNotNull(users.avatarKey))
  const { former } = await withSession(actor, {
    former: build.select({ key: users.avatarKey }).from(users).where(hasPicture),
    recorded: recordEventOf(
      { ...caller, type: 'avatar_changed', at: now, location },
      sql`from ${users} where ${hasPicture}`,
    ),
    cleared: build
      .update(users)
      .set({ avatarKey: null, revision: sql`${users.revision} + 1` })
      .where(hasPicture),
  })
  return former[0]?.key ?? null
}
