/** Pictures: the file in R2 under a random name, the name in D1. */
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { Caller } from '../../actor'
import type { Database } from '../../db'
import { recordEvent, recordEventOf } from '../../db/events'
import { asCaller } from '../../db/live'
import { users } from '../../db/schema'
import { BYTES_16 } from '../../security/base64url'
import { logLine } from '../../security/log-line'
import { randomId } from '../../security/secret-token'
import { type PrivateRow, privateColumns } from '../../user'
import { PICTURE_TYPES, type PictureFormat } from './image'

const KEY = new RegExp(`^${BYTES_16}\\.(${Object.keys(PICTURE_TYPES).join('|')})$`)

/** The media type that a stored picture is served with: what its bytes were found to be when it came. Null for what is no name of ours. */
export function typeOfPicture(key: string): string | null {
  const format = KEY.exec(key)?.[1]
  return format ? PICTURE_TYPES[format as PictureFormat] : null
}

/** Stores the bytes under a name that nobody can guess and that is never used again. */
export async function storePicture(
  bucket: R2Bucket,
  bytes: ArrayBuffer,
  format: PictureFormat,
): Promise<string> {
  const key = `${randomId()}.${format}`
  await bucket.put(key, bytes, { httpMetadata: { contentType: PICTURE_TYPES[format] } })
  return key
}

/** Deletes a picture that no account shows any more; for `waitUntil`, after the account has changed. A failure is logged: the file stays, unreachable by any link. */
export async function removePicture(bucket: R2Bucket, key: string | null | undefined) {
  if (!key) return
  try {
    await bucket.delete(key)
  } catch (error) {
    console.error(logLine({ event: 'picture_left', key, error: String(error) }))
  }
}

/** Shows another picture on the caller's account, and tells the one that it showed before. @throws SessionEnded */
export async function setAvatar(
  db: Database,
  caller: Caller,
  key: string,
  now: Date,
  location: string | null,
): Promise<{ user: PrivateRow; before: string | null }> {
  const me = eq(users.id, caller.userId)
  const [before, changed] = await asCaller(db, caller, now, [
    db.select({ key: users.avatarKey }).from(users).where(me),
    db
      .update(users)
      .set({ avatarKey: key, revision: sql`${users.revision} + 1` })
      .where(me)
      .returning(privateColumns),
    recordEvent({
      userId: caller.userId,
      type: 'avatar_changed',
      at: now,
      sessionId: caller.sessionId,
      location,
    }),
  ])
  return { user: changed[0] as PrivateRow, before: before[0]?.key ?? null }
}

/** Shows no picture any more, and tells the one that was shown; null when there was none, and nothing happened. @throws SessionEnded */
export async function clearAvatar(
  db: Database,
  caller: Caller,
  now: Date,
  location: string | null,
): Promise<string | null> {
  const shown = and(eq(users.id, caller.userId), isNotNull(users.avatarKey))
  const [before] = await asCaller(db, caller, now, [
    db.select({ key: users.avatarKey }).from(users).where(shown),
    recordEventOf(
      { ...caller, type: 'avatar_changed', at: now, location },
      sql`from ${users} where ${shown}`,
    ),
    db
      .update(users)
      .set({ avatarKey: null, revision: sql`${users.revision} + 1` })
      .where(shown),
  ])
  return before[0]?.key ?? null
}
