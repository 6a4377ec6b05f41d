/** Writing posts in D1. One function is one round trip, for a caller whose session is active. */
import { and, eq, lte, or, placeholder, type SQL, sql } from 'drizzle-orm'
import type { Actor } from '../actor'
import { single } from '../db/batch'
import { build } from '../db/build'
import { insertSelect } from '../db/insert-select'
import { prepared } from '../db/prepared'
import { idempotencyKeys, posts, sessions, users } from '../db/schema'
import { sessionQuery, withSession } from '../db/session-guard'
import { IDEMPOTENCY_MS } from '../limits'
import { isPresent } from '../user'
import { type Refusal, refusalReason } from './rules'
import type { NewPost, PostChanges, PostRow } from './schemas'
import { authorColumns, isPublic, textColumns } from './store-read'

/** Creates a post. @throws SessionEnded */
export async function createPost(actor: Actor, post: NewPost): Promise<PostRow> {
  const created = await insertPost(actor, { visibility: 'public', ...post })
  const [username, fullName, avatarKey, createdAt, revision] = JSON.parse(created.author)
  const id = actor.caller.userId
  const author = { id, username, fullName, avatarKey, createdAt: new Date(createdAt), revision }
  return newPostRow(created.id, post, actor.now, author)
}

/** One statement, since this is the most frequent write. It returns the post with its author. */
const insertPost = sessionQuery((isActive) =>
  insertSelect(
    posts,
    {
      authorId: users.id,
      title: placeholder('title'),
      content: placeholder('content'),
      visibility: placeholder('visibility'),
      createdAt: placeholder('now'),
      updatedAt: placeholder('now'),
    },
    sql`from ${sessions} join ${users} on ${users.id} = ${sessions.userId} where ${isActive}`,
  ).returning({
    id: posts.id,
    author: sql<string>`(select json_array(username, full_name, avatar_key, created_at, revision)
      from ${users} where ${users.id} = ${posts.authorId})`,
  }),
)

/** Apart from the posts: a batch returns objects, where two columns of one name would be one. */
const selectAuthor = prepared(() =>
  build
    .select(authorColumns)
    .from(users)
    .where(eq(users.id, placeholder('id'))),
)

/** An `Idempotency-Key`, and the SHA-256 of the request that it came with. */
export interface Idempotency {
  key: string
  bodyHash: string
}

/**
 * Creates a post unless this key has created one within a day. Then it returns that post, or
 * `'reused'` if the key came with another request. D1 runs batches one after the other, so only the
 * first of parallel requests with one key creates a post.
 * @throws SessionEnded
 */
export async function createPostOnce(
  actor: Actor,
  post: NewPost,
  { key, bodyHash }: Idempotency,
): Promise<PostRow | 'reused'> {
  const { now } = actor
  const { userId } = actor.caller
  const isKey = and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.key, key))
  const isExpired = lte(idempotencyKeys.createdAt, new Date(now.getTime() - IDEMPOTENCY_MS))
  const { stored, author } = await withSession(actor, {
    expired: build.delete(idempotencyKeys).where(and(isKey, isExpired)),
    created: insertSelect(
      posts,
      { ...post, authorId: userId, createdAt: now, updatedAt: now },
      sql`where not exists (select 1 from ${idempotencyKeys} where ${isKey})`,
    ),
    // Kept only if the key is new, and then the author's latest post is the one just created.
    claimed: build
      .insert(idempotencyKeys)
      .values({ userId, key, bodyHash, postId: latestPostOf(userId), createdAt: now })
      .onConflictDoNothing(),
    stored: build.select().from(idempotencyKeys).where(isKey),
    author: selectAuthor({ id: userId }),
  })
  const { postId, createdAt, ...first } = single(stored)
  return first.bodyHash === bodyHash
    ? newPostRow(postId, post, createdAt, single(author))
    : 'reused'
}

const latestPostOf = (userId: number) =>
  sql`(select coalesce(max(${posts.id}), 0) from ${posts} where ${posts.authorId} = ${userId})`

const newPostRow = (id: number, post: NewPost, at: Date, author: PostRow['author']): PostRow => ({
  id,
  ...post,
  visibility: post.visibility ?? 'public',
  revision: 1,
  createdAt: at,
  updatedAt: at,
  author,
})

/** For a statement on `posts` alone. */
const authorRevision = sql`(select ${users.revision} from ${users} where ${users.id} = ${posts.authorId})`

/** For a statement on `posts` alone: the author's account is not deleted. */
const hasPresentAuthor = sql`exists (select 1 from ${users} where ${users.id} = ${posts.authorId} and ${isPresent})`

/** Whether the version of the post is one of these tags; undefined tags match any version. */
const isVersion = (tags: readonly string[] | undefined) =>
  tags &&
  sql`'"' || ${posts.revision} || '.' || ${authorRevision} || '"' in (select value from json_each(${JSON.stringify(tags)}))`

/** Changes a post of the caller, if its version is one of `tags`. @throws SessionEnded */
export async function changePost(
  actor: Actor,
  id: number,
  changes: PostChanges,
  tags: readonly string[] | undefined,
): Promise<{ kind: 'changed'; post: PostRow } | Refusal> {
  const isOwn = eq(posts.authorId, actor.caller.userId)
  const { changed, found, author } = await withSession(actor, {
    changed: build
      .update(posts)
      .set({ ...changes, revision: sql`${posts.revision} + 1`, updatedAt: actor.now })
      .where(and(eq(posts.id, id), isOwn, isVersion(tags)))
      .returning(textColumns),
    found: selectVersion(id, { mayWrite: isOwn, isOwn }),
    author: selectAuthor({ id: actor.caller.userId }),
  })
  return changed[0]
    ? { kind: 'changed', post: { ...changed[0], author: single(author) } }
    : refusalReason(found[0])
}

/** Explains why a post was not written. It selects nothing of a private post of another user. */
const selectVersion = (id: number, { mayWrite, isOwn }: { mayWrite: SQL; isOwn: SQL }) =>
  build
    .select({
      revision: posts.revision,
      authorRevision: sql<number>`${authorRevision}`.as('author_revision'),
      mayWrite: sql<number>`${mayWrite}`.as('may_write'),
    })
    .from(posts)
    .where(and(eq(posts.id, id), or(isPublic, isOwn), hasPresentAuthor))

/**
 * Deletes a post of the caller, or any public post if the token has the scope `admin` and the user
 * the role.
 * @throws SessionEnded
 */
export async function deletePost(
  actor: Actor,
  id: number,
  tags: readonly string[] | undefined,
): Promise<{ kind: 'deleted' } | Refusal> {
  const { userId, scope } = actor.caller
  const isOwn = eq(posts.authorId, userId)
  const isAdmin = sql`exists (select 1 from ${users} where ${users.id} = ${userId} and ${users.role} = 'admin')`
  const mayWrite = scope.includes('admin') ? sql`(${isOwn} or ${isPublic} and ${isAdmin})` : isOwn
  const { deleted, found } = await withSession(actor, {
    deleted: build
      .delete(posts)
      .where(and(eq(posts.id, id), mayWrite, isVersion(tags), hasPresentAuthor))
      .returning({ id: posts.id }),
    found: selectVersion(id, { mayWrite, isOwn }),
  })
  return deleted.length > 0 ? { kind: 'deleted' } : refusalReason(found[0])
}
