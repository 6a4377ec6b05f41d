/** Creates, changes and deletes posts. */
import { z } from '@hono/zod-openapi'
import type { CallerContext } from '../context'
import { IfMatch } from '../http/caching'
import { etagHeader } from '../http/docs/headers'
import { endpoint, json, jsonBody, noContent, nothing } from '../http/endpoint'
import { problem, problems } from '../http/problem'
import { sha256Base64url } from '../security/digest'
import { IdParam } from '../user'
import { postTag } from './rules'
import { IdempotencyKey, NewPost, Post, PostChanges, viewPost } from './schemas'
import { changePost, createPost, createPostOnce, deletePost, type Idempotency } from './store-write'

const ChangeHeaders = z.object({ 'if-match': IfMatch })

/**
 * Maximum size of a body in KiB. 50 000 characters have at most 200 kB, and some escapes. A post
 * that is all `\u` escapes may be larger.
 */
const POST_KIB = 256

const create = endpoint(
  {
    method: 'post',
    path: '/api/posts',
    operationId: 'createPost',
    summary: 'Write a post',
    tags: ['posts'],
    access: 'posts:write',
    limit: 'write',
    maxKib: POST_KIB,
    request: {
      headers: z.object({ 'idempotency-key': IdempotencyKey }),
      body: jsonBody(NewPost),
    },
    responses: {
      201: { ...json(Post, 'The post'), headers: etagHeader },
      ...problems('idempotency-key-reused', 'invalid-request'),
    },
  },
  async (c) => {
    const { actor, settings } = c.var
    const post = c.req.valid('json')
    const key = c.req.valid('header')['idempotency-key']
    const created = key
      ? await createPostOnce(actor, post, await idempotency(key, post))
      : await createPost(actor, post)
    if (created === 'reused')
      return problem(c, 'idempotency-key-reused', {
        errors: [{ pointer: '#/idempotency-key', detail: 'came with another body before' }],
      })
    c.header('Location', `/api/posts/${created.id}`)
    c.header('ETag', postTag(created))
    return c.json(viewPost(created, settings.appOrigin), 201)
  },
)

async function idempotency(key: string, post: NewPost): Promise<Idempotency> {
  const { title, content, visibility = 'public' } = post
  // Without `public`, as earlier releases digested it.
  const body = visibility === 'public' ? [title, content] : [title, content, visibility]
  return { key, bodyHash: await sha256Base64url(JSON.stringify(body)) }
}

/** The common part of PUT and PATCH. */
const changing = {
  path: '/api/posts/{id}',
  access: 'posts:write',
  limit: 'write',
  maxKib: POST_KIB,
  responses: {
    200: json(Post, 'The post as it is now'),
    ...problems('not-the-author', 'post-not-found', 'precondition-failed', 'invalid-request'),
  },
} as const

const replace = endpoint(
  {
    ...changing,
    tags: ['posts'],
    method: 'put',
    operationId: 'replacePost',
    summary: 'Replace title and content of a post of my own',
    description: 'Without `visibility` it stays as it is.',
    request: { params: IdParam, headers: ChangeHeaders, body: jsonBody(NewPost) },
  },
  (c) => answerChange(c, c.req.valid('param').id, c.req.valid('json'), c.req.valid('header')),
)

const update = endpoint(
  {
    ...changing,
    tags: ['posts'],
    method: 'patch',
    operationId: 'updatePost',
    summary: 'Change title, content or visibility of a post of my own',
    request: { params: IdParam, headers: ChangeHeaders, body: jsonBody(PostChanges) },
  },
  (c) => answerChange(c, c.req.valid('param').id, c.req.valid('json'), c.req.valid('header')),
)

async function answerChange(
  c: CallerContext,
  id: number,
  changes: PostChanges,
  headers: z.output<typeof ChangeHeaders>,
) {
  const { actor, settings } = c.var
  const result = await changePost(actor, id, changes, headers['if-match'])
  switch (result.kind) {
    case 'changed':
      c.header('ETag', postTag(result.post))
      return c.json(viewPost(result.post, settings.appOrigin), 200)
    case 'not-the-author':
      return problem(c, 'not-the-author', { detail: 'Not authorized to update this post' })
    case 'precondition-failed':
      return problem(c, 'precondition-failed', { headers: { ETag: result.etag } })
    case 'post-not-found':
      return problem(c, 'post-not-found')
  }
}

const remove = endpoint(
  {
    method: 'delete',
    path: '/api/posts/{id}',
    operationId: 'deletePost',
    summary: 'Delete a post of my own; as an admin, with the scope admin, any public one',
    tags: ['posts'],
    access: 'posts:write',
    limit: 'write',
    request: { params: IdParam, headers: ChangeHeaders },
    responses: {
      204: nothing('It is gone'),
      ...problems('not-the-author', 'post-not-found', 'precondition-failed'),
    },
  },
  async (c) => {
    const { id } = c.req.valid('param')
    const result = await deletePost(c.var.actor, id, c.req.valid('header')['if-match'])
    switch (result.kind) {
      case 'deleted':
        return noContent(c)
      case 'not-the-author':
        return problem(c, 'not-the-author', { detail: 'Not authorized to delete this post' })
      case 'precondition-failed':
        return problem(c, 'precondition-failed', { headers: { ETag: result.etag } })
      case 'post-not-found':
        return problem(c, 'post-not-found')
    }
  },
)

export const postWriteRoutes = [create, replace, update, remove] as const
