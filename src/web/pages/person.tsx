/** The public profile of a user, and their posts. */
import { useRoute } from 'preact-iso'
import { gatepost, useMe } from '../gatepost'
import { Avatar, nameOf } from '../ui/avatar'
import { List } from '../ui/list'
import { useList, useLoad } from '../ui/load'
import { Page, Trouble, Waiting } from '../ui/page'
import { PostCard, PostSkeletons } from '../ui/post-card'
import { Time } from '../ui/time'
import { NotFound } from './not-found'

export function Person() {
  const { id = '' } = useRoute().params
  const person = useLoad(`person ${id}`, () =>
    gatepost.fetch('GET /api/users/{id}', { path: { id: Number(id) }, anonymous: true }),
  )
  const isMe = useMe()?.id === Number(id)
  const posts = useList(`posts of ${id}${isMe ? ', all' : ''}`, async (cursor) => {
    const page = await gatepost.fetch('GET /api/users/{id}/posts', {
      path: { id: Number(id) },
      query: { cursor, view: 'excerpt' },
      // With their token, users see their private posts too.
      anonymous: !isMe,
    })
    return { items: page.posts, next: page.next_cursor }
  })
  if (person.problem?.status === 404 || person.problem?.status === 422) return <NotFound />
  if (person.problem) {
    return (
      <Page title="Person">
        <Trouble problem={person.problem} again={person.reload} />
      </Page>
    )
  }
  if (!person.data) return <Waiting />
  return (
    <>
      <div class="person">
        <Avatar user={person.data} size="large" />
        <div>
          <Page
            title={nameOf(person.data)}
            lead={
              <>
                @{person.data.username} · here since <Time at={person.data.created_at} />
              </>
            }
          />
        </div>
      </div>
      <h2 class="visually-hidden">Posts</h2>
      <List
        list={posts}
        class="posts"
        row={(post) => <PostCard key={post.id} post={post} />}
        waiting={<PostSkeletons />}
        empty={
          <>
            <p>{isMe ? 'You have not written anything yet.' : 'Nothing written yet.'}</p>
            {isMe && (
              <a class="button" href="/write">
                Write a post
              </a>
            )}
          </>
        }
      />
    </>
  )
}
