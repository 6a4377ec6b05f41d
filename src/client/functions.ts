/** One function for each common act. */
import type { Post } from './api'
import type { BodyOf, Calls, QueryOf, RequestOptions, Send } from './operations'
import { readProblem } from './problem'
import type { KeptSession } from './session'

/** A post and its version: give `etag` as `ifMatch` to change this version only. */
export type PostVersion = Post & { etag: string }

export interface WriteOptions {
  /**
   * The `etag` of the version that the app has; 412 `precondition-failed` when it has changed
   * since.
   */
  ifMatch?: string | undefined
}

export interface CreateOptions {
  /** The same key sent again within 24 hours makes no second post. */
  idempotencyKey?: string | undefined
}

export function postFunctions({ request, fetch }: Calls) {
  const version = ({ body, headers }: { body: Post; headers: Headers }): PostVersion => ({
    ...body,
    etag: headers.get('ETag') ?? '',
  })
  const conditions = ({ ifMatch }: WriteOptions) => ({ headers: { 'If-Match': ifMatch } })
  return {
    /** One page, newest first; `next_cursor` is the `cursor` of the next one. */
    list: (query: QueryOf<'GET /api/posts'> = {}, options: RequestOptions = {}) =>
      fetch('GET /api/posts', { query, ...options }),
    /** One page of the posts that have these words, best first. */
    search: (
      q: string,
      query: Omit<QueryOf<'GET /api/posts'>, 'q'> = {},
      options: RequestOptions = {},
    ) => fetch('GET /api/posts', { query: { ...query, q }, ...options }),
    get: (id: number, options: RequestOptions = {}) =>
      request('GET /api/posts/{id}', { path: { id }, ...options }).then(version),
    create: (post: BodyOf<'POST /api/posts'>, { idempotencyKey }: CreateOptions = {}) =>
      request('POST /api/posts', {
        headers: { 'Idempotency-Key': idempotencyKey },
        body: post,
      }).then(version),
    update: (id: number, changes: BodyOf<'PATCH /api/posts/{id}'>, options: WriteOptions = {}) =>
      request('PATCH /api/posts/{id}', {
        path: { id },
        body: changes,
        ...conditions(options),
      }).then(version),
    delete: (id: number, options: WriteOptions = {}) =>
      fetch('DELETE /api/posts/{id}', { path: { id }, ...conditions(options) }),
  }
}

export function mailFunctions({ fetch }: Calls, reload: () => Promise<void>) {
  /** The link has been used, whether or not this reload succeeds. */
  const reloadQuietly = () => reload().catch(() => undefined)
  return {
    /** Mails a link to choose a new password. Resolves alike whether the address has an account. */
    forgotPassword: (email: string) =>
      fetch('POST /api/users/forgot-password', { body: { email }, anonymous: true }),
    /**
     * Mails a link that signs in, and binds it to this browser by a cookie. Show the `message` and
     * the `code`, which another browser needs. Resolves alike whether the address has an account.
     */
    requestSignInLink: (email: string) =>
      fetch('POST /api/session/email', {
        body: { email },
        anonymous: true,
        credentials: 'include',
      }),
    /** Uses the mailed link. Every session of the account ends; sign in with the new password. */
    async resetPassword(body: BodyOf<'POST /api/users/reset-password'>): Promise<void> {
      await fetch('POST /api/users/reset-password', { body, anonymous: true })
      await reloadQuietly()
    },
    /** Uses the mailed link: confirms an address, or moves the account to a new one. */
    async verifyEmail(token: string): Promise<void> {
      await fetch('POST /api/users/verify-email', { body: { token }, anonymous: true })
      await reloadQuietly()
    },
    /** The account that a mailed link is about. The link stays unused. */
    previewLink: (token: string) =>
      fetch('POST /api/users/verify-email/preview', { body: { token }, anonymous: true }),
    /** Voids a mailed link: its recipient does not know the account. */
    async disownLink(token: string): Promise<void> {
      await fetch('POST /api/users/verify-email/disown', { body: { token }, anonymous: true })
      await reloadQuietly()
    },
    /** Mails the link that confirms the address again. */
    sendVerification: () => fetch('POST /api/users/me/verify-email'),
  }
}

export function accountFunctions({ fetch }: Calls, session: KeptSession, authorized: Send) {
  return {
    /** Makes an account, and does not sign in: call `session.signIn` next. */
    register: (person: BodyOf<'POST /api/users'>) =>
      fetch('POST /api/users', { body: person, anonymous: true }),
    /** Changes username or full name. */
    async updateProfile(changes: BodyOf<'PATCH /api/users/me'>) {
      const user = await fetch('PATCH /api/users/me', { body: changes })
      session.update(user)
      return user
    },
    /** Every other session ends. */
    changePassword: (body: BodyOf<'PUT /api/users/me/password'>) =>
      fetch('PUT /api/users/me/password', { body }),
    /** Mails a link to the new address; nothing changes before it is used. */
    changeEmail: (body: BodyOf<'PUT /api/users/me/email'>) =>
      fetch('PUT /api/users/me/email', { body }),
    /** Deletes the account with its posts, at once and for good. */
    async deleteAccount(body: BodyOf<'POST /api/users/me/deletion'>): Promise<void> {
      await fetch('POST /api/users/me/deletion', { body })
      session.forget()
    },
    /** Everything that is stored about the account, as a JSON file. */
    async export(): Promise<Blob> {
      const response = await authorized('/api/users/me/export')
      if (!response.ok) throw await readProblem(response)
      return response.blob()
    },
    avatar: {
      /** PNG, JPEG or WebP of at most 2 MiB. */
      async set(picture: Blob) {
        const user = await fetch('PUT /api/users/me/avatar', { body: picture })
        session.update(user)
        return user
      },
      async delete(): Promise<void> {
        await fetch('DELETE /api/users/me/avatar')
        const user = session.held?.user
        if (user) session.update({ ...user, image_url: null })
      },
    },
    sessions: {
      /** One page of the places where the account is signed in. */
      list: (query: QueryOf<'GET /api/users/me/sessions'> = {}) =>
        fetch('GET /api/users/me/sessions', { query }),
      end: (id: string) => fetch('DELETE /api/users/me/sessions/{id}', { path: { id } }),
      endOthers: () => fetch('DELETE /api/users/me/sessions'),
    },
    events: {
      /** One page of what happened to the account, newest first. */
      list: (query: QueryOf<'GET /api/users/me/events'> = {}) =>
        fetch('GET /api/users/me/events', { query }),
    },
  }
}
