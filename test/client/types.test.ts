/** Calls that the types allow, and calls that they refuse; `tsc` reads the marked lines. */
import { expectTypeOf, it } from 'vitest'
import {
  type ApiProblem,
  createClient,
  type Post,
  type PostVersion,
  type UserPrivate,
} from '../../src/client'

const client = createClient({ origin: 'http://api.test' })
/** Is compiled, and never called. */
const compile = (_calls: () => void) => undefined

it('optional parts are optional, and have the types of the API', () => {
  expectTypeOf(client.posts.create).returns.resolves.toEqualTypeOf<PostVersion>()
  expectTypeOf(client.register).returns.resolves.toEqualTypeOf<UserPrivate>()
  expectTypeOf(client.fetch<'GET /api/posts'>).returns.resolves.toEqualTypeOf<{
    posts: Post[]
    next_cursor: string | null
  }>()
  expectTypeOf(client.fetch<'DELETE /api/posts/{id}'>).returns.resolves.toBeUndefined()
  compile(() => [
    client.posts.list(),
    client.posts.list({ limit: 10, cursor: undefined }, { signal: AbortSignal.timeout(1) }),
    client.fetch('GET /api/posts'),
    client.fetch('DELETE /api/posts/{id}', { path: { id: 7 } }),
    client.session.signInWith('POST /api/session', { login: 'ann', password: 'x' }),
    createClient({ origin: undefined, storage: 'memory' }),
  ])
})

it('what the API would refuse does not compile', () => {
  compile(() => [
    // @ts-expect-error a number
    client.posts.list({ limit: '10' }),
    // @ts-expect-error content is missing
    client.posts.create({ title: 'A' }),
    // @ts-expect-error no such member
    client.register({ username: 'a', email: 'a', password: 'a', role: 'admin' }),
    // @ts-expect-error no such operation
    client.fetch('GET /api/teas'),
    // @ts-expect-error path is missing
    client.fetch('DELETE /api/posts/{id}'),
    // @ts-expect-error a number
    client.fetch('GET /api/posts/{id}', { path: { id: '7' } }),
    // @ts-expect-error opens no session
    client.session.signInWith('POST /api/posts', { title: 'A', content: 'B' }),
    // @ts-expect-error no such storage
    createClient({ storage: 'sessionStorage' }),
  ])
})

it('a state has its user or its problem, once it is known which one it is', () => {
  const { state } = client.session
  if (state.status === 'signed-in') expectTypeOf(state.user).toEqualTypeOf<UserPrivate>()
  if (state.status === 'signed-out' && state.because === 'unreachable')
    expectTypeOf(state.problem).toEqualTypeOf<ApiProblem>()
  // @ts-expect-error not of every state
  void state.user
})
