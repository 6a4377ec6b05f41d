/** Entity tags, conditional requests and caching (RFC 9110 §8.8, §13). */
import { z } from '@hono/zod-openapi'
import type { TypedResponse } from 'hono'
import type { AnyContext } from '../context'
import { sha256Base64url } from '../security/digest'

const ENTITY_TAG = /(W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g
/** Entity tags separated by commas; empty elements are allowed (RFC 9110 §5.6.1). */
const TAG_LIST =
  /^[\s,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,[\s,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*[\s,]*$/
/** True for a request with credentials: its response is for that client alone. */
export const hasCredentials = (c: AnyContext) =>
  c.req.header('Authorization') !== undefined || c.req.header('Cookie') !== undefined

/**
 * Sets the ETag of a GET and returns whether the client has this version: then respond
 * `notModified`. Anonymous responses may be cached and revalidated; responses to credentials are
 * not stored.
 */
export function isUnchanged(c: AnyContext, etag: string): boolean {
  c.header('ETag', etag)
  if (!hasCredentials(c)) c.header('Cache-Control', 'public, max-age=0, must-revalidate')
  return clientHas(c, etag)
}

/** `If-None-Match` names this version, by weak comparison (RFC 9110 §13.1.2). */
export function clientHas(c: AnyContext, etag: string): boolean {
  const known = c.req.header('If-None-Match') ?? ''
  if (known.trim() === '*') return true
  return [...known.matchAll(ENTITY_TAG)].some(([tag]) => tag.replace(/^W\//, '') === etag)
}

/** A 304. The cast gives it the type that the routes declare. */
export const notModified = (c: AnyContext) =>
  // biome-ignore lint/complexity/noBannedTypes: hono's own type of an empty answer
  c.body(null, 304) as unknown as TypedResponse<{}, 304, string>

/**
 * An entity tag: the first 132 bits of the SHA-256 of the JSON of everything the response shows.
 */
export async function digestTag(parts: unknown): Promise<string> {
  const digest = await sha256Base64url(JSON.stringify(parts))
  return `"${digest.slice(0, 22)}"`
}

/** `If-None-Match` of a read. A value that is no entity tag matches nothing. */
export const IfNoneMatch = z.string().optional().meta({
  description: 'ETag of the version that the client has: 304 when it is still the current one',
})

const isTagList = (text: string) => text.trim() === '*' || TAG_LIST.test(text)

/**
 * `If-Match` of a change, as the strong tags it names; a weak one never matches (RFC 9110 §13.1.1).
 * Undefined: any version matches.
 */
export const IfMatch = z
  .string()
  .refine(isTagList, 'must be "*" or a list of ETags, each in double quotes')
  .transform((text) =>
    text.trim() === '*'
      ? undefined
      : [...text.matchAll(ENTITY_TAG)].map(([tag]) => tag).filter((tag) => tag.startsWith('"')),
  )
  .optional()
  .openapi({
    type: 'string',
    description: 'ETag of the version that the change is meant for: 412 when it is not current',
    example: '"1.1"',
  })
