/** One post, with the actions of its author and of admins. */
import { useLocation, useRoute } from 'preact-iso'
import type { Post } from '../../client'
import { gatepost, useMe } from '../gatepost'
import { Confirm } from '../ui/confirm'
import { useLoad } from '../ui/load'
import { say } from '../ui/messages'
import { Page, Trouble, Waiting } from '../ui/page'
import { Byline } from '../ui/post-card'
import { NotFound } from './not-found'
import { readPost } from './read-post'

export function PostPage() {
  const { id = '' } = useRoute().params
  const post = useLoad(`post ${id}`, () => readPost(Number(id)))
  if (post.problem) {
    if (post.problem.status === 404 || post.problem.status === 422) return <NotFound />
    return (
      <Page title="Post">
        <Trouble problem={post.problem} again={post.reload} />
      </Page>
    )
  }
  if (!post.data) return <Waiting />
  return (
    <article class="post">
      <Page title={post.data.title}>
        <Byline post={post.data} />
        <div class="text">{post.data.content}</div>
      </Page>
      <Actions post={post.data} />
    </article>
  )
}

function Actions({ post }: { post: Post }) {
  const me = useMe()
  const { route } = useLocation()
  const isAuthor = me?.id === post.author.id
  if (!isAuthor && me?.role !== 'admin') return null
  return (
    <div class="row actions">
      {isAuthor && (
        <a class="button quiet" href={`/posts/${post.id}/edit`}>
          Edit
        </a>
      )}
      <Confirm
        label="Delete"
        question="Delete this post?"
        act={async () => {
          await gatepost.posts.delete(post.id)
          say('Post deleted.')
          route('/')
        }}
      >
        <p>“{post.title}” will be gone for everybody. This cannot be undone.</p>
      </Confirm>
    </div>
  )
}
