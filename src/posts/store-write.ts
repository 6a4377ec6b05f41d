/** Writing posts in D1: one function is one round trip, for a caller whose session lives. */
import { and, eq, lte, placeholder, type SQL, sql } from 'drizzle-orm'
import type { Caller } from '../context'
import type { Database } from '../db'
import { insertSelect } from '../db/insert-select'
import { asCaller } from '../db/live'
import { prepared } from '../db/prepared'
import { idempotencyKeys, posts, sessions, users } from '../db/schema'
import { GuardedDatabase, sessionQuery } from '../db/session-guard'
import { IDEMPOTENCY_MS, type Refusal, refusalReason } from './rules'
import type { NewPost, PostChanges, PostRow } from './schemas'
import { authorColumns, textColumns } from './store-read'

/** Makes a post. @throws DeadSession */
export async function createPost(
  db: Database,
  caller: Caller,
  post: NewPost,
  now: Date,
): Promise<PostRow> {
  const made = await insertPost({ db: new GuardedDatabase(db), caller, now }, { ...post })
  const [username, fullName, avatarKey, createdAt, revision] = JSON.parse(made.author)
  const id = caller.userId
  const author = { id, username, fullName, avatarKey, createdAt: new Date(createdAt), revision }
  return newPostRow(made.id, post, now, author)
}

/** One statement, since this is the most frequent write. It returns the author with the new post. */
const insertPost = sessionQuery((isActive) =>
  insertSelect(
    posts,
    {
      authorId: users.id,
      title: placeholder('title'),
      content: placeholder('content'),
      createdAt: placeholder('now'),
      updatedAt: placeholder('now'),
    },
    sql`from ${sessions} join ${users} on ${users.id} = ${sessions.userId} where ${isActive}`,
  ).returning({
    id: posts.id,
    author: sql<string>`(select json_array(username, full_name, avatar_key, created_at, revision) from ${users} where ${users.id} = ${posts.authorId})`,
  }),
)

/** Apart from its posts: in a batch, D1 answers with objects, in which equal column names of joined tables would fall together. */
const selectAuthor = prepared((db) =>
  db
    .select(authorColumns)
    .from(users)
    .where(eq(users.id, placeholder('id'))),
)

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
  const [, , , found, author] = await asCaller(db, caller, now, [
    db.delete(idempotencyKeys).where(and(isKey, tooOld)),
    // All columns of the table in their order.
    db
      .insert(posts)
      .select(sql`select null, ${userId}, ${post.title}, ${post.content}, 1, ${at}, ${at}
      where not exists (select 1 from ${idempotencyKeys} where ${isKey})`),
    db
      .insert(idempotencyKeys)
      .values({
        userId,
        key,
        bodyHash,
        // The post that the statement before has made; where it has made none, the key is there already and this row is not kept.
        postId: sql`(select coalesce(max(${posts.id}), 0) from ${posts} where ${posts.authorId} = ${userId})`,
        createdAt: now,
      })
      .onConflictDoNothing(),
    db.select().from(idempotencyKeys).where(isKey),
    selectAuthor(db, { id: userId }),
  ])
  const stored = found[0]!
  return stored.bodyHash === bodyHash
    ? newPostRow(stored.postId, post, stored.createdAt, author[0]!)
    : 'reused'
}

const newPostRow = (id: number, post: NewPost, at: Date, author: PostRow['author']): PostRow => ({
  id,
  ...post,
  revision: 1,
  createdAt: at,
  updatedAt: at,
  author,
})

/** For a statement on `posts` alone. */
const authorRevision = sql`(select ${users.revision} from ${users} where ${users.id} = ${posts.authorId})`

/** The version of the post is one of these tags; any version when there are none. */
const isVersion = (tags: readonly string[] | undefined) =>
  tags &&
  sql`'"' || ${posts.revision} || '.' || ${authorRevision} || '"' in (select value from json_each(${JSON.stringify(tags)}))`

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
  const [changed, found, author] = await asCaller(db, caller, now, [
    db
      .update(posts)
      .set({ ...changes, revision: sql`${posts.revision} + 1`, updatedAt: now })
      .where(and(eq(posts.id, id), isOwn, isVersion(tags)))
      .returning(textColumns),
    selectVersion(db, id, isOwn),
    selectAuthor(db, { id: caller.userId }),
  ])
  return changed[0]
    ? { kind: 'changed', post: { ...changed[0], author: author[0]! } }
    : refusalReason(found[0])
}

/** What explains that a post was not written. */
const selectVersion = (db: Database, id: number, isAllowed: SQL) =>
  db
    .select({
      revision: posts.revision,
      authorRevision: sql<number>`${authorRevision}`.as('author_revision'),
      isAllowed: sql<number>`${isAllowed}`.as('is_allowed'),
    })
    .from(posts)
    .where(eq(posts.id, id))

/** Deletes a post that the caller wrote, or anyone's for an admin whose token says so. @throws DeadSession */
export async function deletePost(
  db: Database,
  caller: Caller,
  id: number,
  tags: readonly string[] | undefined,
  now: Date,
): Promise<{ kind: 'deleted' } | Refusal> {
  const isOwn = eq(posts.authorId, caller.userId)
  const isAdmin = sql`exists (select 1 from ${users} where ${users.id} = ${caller.userId} and ${users.role} = 'admin')`
  const isAllowed = caller.scope.includes('admin') ? sql`(${isOwn} or ${isAdmin})` : isOwn
  const [deleted, found] = await asCaller(db, caller, now, [
    db
      .delete(posts)
      .where(and(eq(posts.id, id), isAllowed, isVersion(tags)))
      .returning({ id: posts.id }),
    selectVersion(db, id, isAllowed),
  ])
  return deleted.length > 0 ? { kind: 'deleted' } : refusalReason(found[0])
}
