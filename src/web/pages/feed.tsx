/** The first page: public posts, newest first, and a search of them. */
import { useLocation } from 'preact-iso'
import { gatepost, useSession } from '../gatepost'
import { List } from '../ui/list'
import { useList } from '../ui/load'
import { Page } from '../ui/page'
import { PostCard, PostSkeletons } from '../ui/post-card'
import { Search } from '../ui/search'

export function Feed() {
  const { query } = useLocation()
  const q = query.q?.trim() ?? ''
  const list = useList(`feed ${q}`, async (cursor) => {
    const query = { q: q || undefined, view: 'excerpt' as const }
    let page = await gatepost.posts.list({ ...query, cursor }, { anonymous: true })
    // A page of a search may be empty although older posts match.
    while (page.posts.length === 0 && page.next_cursor)
      page = await gatepost.posts.list({ ...query, cursor: page.next_cursor }, { anonymous: true })
    return { items: page.posts, next: page.next_cursor }
  })
  return (
    <Page title={q ? `Posts about “${q}”` : 'Latest posts'}>
      <Search label="Search posts" words={q} at="/" />
      <List
        list={list}
        class="posts"
        row={(post) => <PostCard key={post.id} post={post} />}
        waiting={<PostSkeletons />}
        empty={q ? <NothingFound q={q} /> : <NothingYet />}
      />
    </Page>
  )
}

const NothingFound = ({ q }: { q: string }) => (
  <>
    <h2>Nothing about “{q}”</h2>
    <p>
      Try fewer or other words, or see <a href="/">all posts</a>.
    </p>
  </>
)

function NothingYet() {
  const isIn = useSession().status === 'signed-in'
  return (
    <>
      <h2>No posts yet</h2>
      <p>{isIn ? 'Write the first one.' : 'Register to write the first one.'}</p>
      <a class="button" href={isIn ? '/write' : '/register'}>
        {isIn ? 'Write a post' : 'Register'}
      </a>
    </>
  )
}
