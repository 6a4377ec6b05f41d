/** Writing posts in D1: one function is one round trip, for a caller whose session lives. */
import { and, eq, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../context'
import type { Database } from '../db'
import { asCaller } from '../db/live'
import { idempotencyKeys, posts, users } from '../db/schema'
import { IDEMPOTENCY_MS, type Refusal, whyRefused } from './rules'
import type { NewPost, PostChanges, PostRow } from './schemas'
import { authorColumns, postColumns } from './store'

/** Makes a post. @throws DeadSession */
export async function createPost(
  db: Database,
  caller: Caller,
  post: NewPost,
  now: Date,
): Promise<PostRow> {
  const [made, author] = await asCaller(db, caller, now, [
    db
      .insert(posts)
      .values({ ...post, authorId: caller.userId, createdAt: now, updatedAt: now })
      .returning({ id: posts.id }),
    db.select(authorColumns).from(users).where(eq(users.id, caller.userId)),
  ])
  return newPostRow(made[0]!.id, post, now, author[0]!)
}

/** An `Idempotency-Key`, and the SHA-256 of what it came with. */
export interface Idempotency {
  key: string
  bodyHash: string
}

/**
 * Makes a post unless this key has made one within a day; then its answer again, or `'reused'` when it came with something else.
 * D1 runs batches one after the other, so of parallel ones with the same key the first makes the post.
 * @throws DeadSession
 */
export async function createPostOnce(
  db: Database,
  caller: Caller,
  post: NewPost,
  { key, bodyHash }: Idempotency,
  now: Date,
): Promise<PostRow | 'reused'> {
  const { userId } = caller
  const at = now.getTime()
  const isKey = and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.key, key))
  const tooOld = lte(idempotencyKeys.createdAt, new Date(at - IDEMPOTENCY_MS))
  const [, , , found] = await asCaller(db, caller, now, [
    db.delete(idempotencyKeys).where(and(isKey, tooOld)),
    db.run(sql`insert into ${posts} (author_id, title, content, created_at, updated_at)
      select ${userId}, ${post.title}, ${post.content}, ${at}, ${at}
      where not exists (select 1 from ${idempotencyKeys} where ${isKey})`),
    db
      .insert(idempotencyKeys)
      .values({
        userId,
        key,
        bodyHash,
        // The post that the statement before has made; where it has made none, the key is there already.
        postId: sql`(select max(${posts.id}) from ${posts} where ${posts.authorId} = ${userId})`,
        createdAt: now,
      })
      .onConflictDoNothing(),
    db
      .select({
        postId: idempotencyKeys.postId,
        bodyHash: idempotencyKeys.bodyHash,
        createdAt: idempotencyKeys.createdAt,
        author: authorColumns,
      })
      .from(idempotencyKeys)
      .innerJoin(users, eq(users.id, idempotencyKeys.userId))
      .where(isKey),
  ])
  const { postId, createdAt, author, ...stored } = found[0]!
  return stored.bodyHash === bodyHash ? newPostRow(postId, post, createdAt, author) : 'reused'
}

const newPostRow = (id: number, post: NewPost, at: Date, author: PostRow['author']): PostRow => ({
  id,
  ...post,
  revision: 1,
  createdAt: at,
  updatedAt: at,
  author,
})

/** The version of the post is one of these tags; anything goes when there are none. For a statement on `posts` alone. */
function isVersion(tags: readonly string[] | undefined): SQL | undefined {
  if (!tags) return undefined
  const author = sql`(select ${users.revision} from ${users} where ${users.id} = ${posts.authorId})`
  return sql`'"' || ${posts.revision} || '.' || ${author} || '"' in (select value from json_each(${JSON.stringify(tags)}))`
}

/** Changes a post that the caller wrote. `tags`: the versions that the change is meant for. @throws DeadSession */
export async function changePost(
  db: Database,
  caller: Caller,
  id: number,
  changes: PostChanges,
  tags: readonly string[] | undefined,
  now: Date,
): Promise<{ kind: 'changed'; post: PostRow } | Refusal> {
  const isOwn = eq(posts.authorId, caller.userId)
  const [changed, found] = await asCaller(db, caller, now, [
    db
      .update(posts)
      .set({ ...changes, revision: sql`${posts.revision} + 1`, updatedAt: now })
      .where(and(eq(posts.id, id), isOwn, isVersion(tags)))
      .returning({ id: posts.id }),
    db
      .select(postColumns)
      .from(posts)
      .innerJoin(users, eq(users.id, posts.authorId))
      .where(eq(posts.id, id)),
  ])
  const post = found[0]
  return changed.length > 0 && post
    ? { kind: 'changed', post }
    : whyRefused(post, post?.author.id === caller.userId)
}

/** Deletes a post that the caller wrote, or anyone's for an admin whose token says so. @throws DeadSession */
export async function deletePost(
  db: Database,
  caller: Caller,
  id: number,
  tags: readonly string[] | undefined,
  now: Date,
): Promise<{ kind: 'deleted' } | Refusal> {
  const isAdmin = sql`exists (select 1 from ${users} as me where me.id = ${caller.userId} and me.role = 'admin')`
  const isAllowed = or(
    eq(posts.authorId, caller.userId),
    caller.scope.includes('admin') ? isAdmin : undefined,
  )
  const [deleted, found] = await asCaller(db, caller, now, [
    db
      .delete(posts)
      .where(and(eq(posts.id, id), isAllowed, isVersion(tags)))
      .returning({ id: posts.id }),
    db
      .select({
        revision: posts.revision,
        author: { revision: users.revision },
        isAllowed: sql<number>`(${isAllowed})`,
      })
      .from(posts)
      .innerJoin(users, eq(users.id, posts.authorId))
      .where(eq(posts.id, id)),
  ])
  return deleted.length > 0 ? { kind: 'deleted' } : whyRefused(found[0], found[0]?.isAllowed === 1)
}
