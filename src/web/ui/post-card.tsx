/** A post in a list, and its author. `view=excerpt` has cut its text. */
import type { Post } from '../../client'
import { Avatar, nameOf } from './avatar'
import { Time } from './time'

export const PostCard = ({ post }: { post: Post }) => (
  <li class="card">
    <Byline post={post} />
    <h2>
      <a href={`/posts/${post.id}`}>{post.title}</a>
    </h2>
    <p class="excerpt">{post.content}</p>
  </li>
)

export const Byline = ({ post }: { post: Post }) => (
  <div class="byline">
    <Avatar user={post.author} />
    <a href={`/people/${post.author.id}`}>{nameOf(post.author)}</a>
    <span class="muted">
      <Time at={post.created_at} />
      {post.updated_at !== post.created_at && (
        <>
          {' · edited '}
          <Time at={post.updated_at} />
        </>
      )}
    </span>
    {post.visibility === 'private' && <span class="badge">Only you</span>}
  </div>
)

/** Placeholders for the posts being loaded, so that the layout does not shift. */
export const PostSkeletons = () => (
  <ul class="posts" aria-hidden="true">
    {[1, 2, 3, 4, 5].map((n) => (
      <li key={n} class="card skeleton" />
    ))}
  </ul>
)
