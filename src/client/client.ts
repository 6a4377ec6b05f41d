/**
 * The client of Gatepost for any single-page app: sign in, stay signed in, call every operation with its types.
 *
 *     const gatepost = createClient()
 *     await gatepost.session.signIn('ann@example.com', password)
 *     const { posts } = await answer(gatepost.api.posts.$get({ query: { limit: '10' }, header: {} }))
 */
import { type ClientResponse, hc } from 'hono/client'
import type { App } from '../app'
import type { UserPrivate } from '../user'
import { readProblem } from './problem'
import { type Hint, keepSession } from './session'

export interface ClientOptions {
  /** Where the API is; the page's own origin unless told. Another origin must list the page's in ALLOWED_ORIGINS. */
  origin?: string
  fetch?: typeof globalThis.fetch
  hint?: Hint
}

export interface Registration {
  username: string
  email: string
  password: string
  full_name?: string | null
}

export function createClient({ origin = '', fetch, hint }: ClientOptions = {}) {
  // A bare reference would be called with the wrong `this`, and would miss a `fetch` replaced later.
  const own: typeof globalThis.fetch = fetch ?? ((input, init) => globalThis.fetch(input, init))
  const session = keepSession({ origin, fetch: own, hint })
  const { api } = hc<App>(origin, { fetch: session.fetch })
  return {
    session,
    /** Every operation, as the person who is signed in: `api.users.me.$get()`. */
    api,
    /** The same without a token: what anybody may read needs not wait until it is known who asks. */
    open: hc<App>(origin, { fetch: session.anonymous }).api,
    /** Makes an account; nobody is signed in by it. @throws ApiProblem */
    register: (person: Registration): Promise<UserPrivate> =>
      answer(api.users.$post({ json: person })),
  }
}
export type Client = ReturnType<typeof createClient>

type Success = 200 | 201 | 202 | 204
/** The body of the good answers of an operation. */
export type Answer<R> =
  R extends ClientResponse<infer Body, infer Status, infer _Format>
    ? Status extends Success
      ? Body
      : never
    : never

/** The body of the answer. @throws ApiProblem when it is not a good one */
export async function answer<R extends ClientResponse<unknown, number, string>>(
  asked: Promise<R>,
): Promise<Answer<R>> {
  return (await answerWithTag(asked)).body
}

/** The body with its `ETag`, for a later `If-Match`. @throws ApiProblem when the answer is not a good one */
export async function answerWithTag<R extends ClientResponse<unknown, number, string>>(
  asked: Promise<R>,
): Promise<{ body: Answer<R>; etag: string }> {
  const response = await asked
  if (!response.ok) throw await readProblem(response as unknown as Response)
  const body = response.status === 204 ? undefined : await response.json()
  return { body: body as Answer<R>, etag: response.headers.get('ETag') ?? '' }
}
