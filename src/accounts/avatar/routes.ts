/** Pictures of users: changed by their owner, public to read. */
import { z } from '@hono/zod-openapi'
import { SessionEnded } from '../../db/session-guard'
import { KIB } from '../../http/body/reader'
import { clientHas } from '../../http/caching'
import { endpoint, json, noContent, nothing } from '../../http/endpoint'
import { logSecurity } from '../../http/log'
import { fieldProblem, problem, problems } from '../../http/problem'
import { UserPrivate, viewPrivate } from '../../user'
import { PICTURE_TYPES, readPicture } from './image'
import { clearAvatar, removePicture, setAvatar, storePicture, typeOfPicture } from './store'

const MAX_KIB = 2 * KIB
const MAX_PIXELS = 4096

const file = { schema: z.any().openapi({ type: 'string', format: 'binary' }) }
const files = Object.fromEntries(Object.values(PICTURE_TYPES).map((type) => [type, file]))

const putAvatar = endpoint(
  {
    method: 'put',
    path: '/api/users/me/avatar',
    operationId: 'putAvatar',
    summary: 'Set my picture',
    description: `PNG, JPEG or WebP, at most 2 MiB and ${MAX_PIXELS} × ${MAX_PIXELS} pixels. The bytes are stored unchanged, with the place and time that a camera may have written into them.`,
    tags: ['accounts'],
    access: 'account',
    limit: 'write',
    maxKib: MAX_KIB,
    request: { body: { required: true, content: files } },
    responses: {
      200: json(UserPrivate, 'The account'),
      ...problems('unsupported-media-type', 'invalid-request'),
    },
  },
  async (c) => {
    const { actor, caller, settings } = c.var
    const bytes = await c.req.arrayBuffer()
    const picture = readPicture(new Uint8Array(bytes))
    if (!picture)
      return problem(c, 'unsupported-media-type', {
        detail:
          'The bytes are not a PNG, JPEG or WebP picture. Convert the picture and send it again.',
      })
    const sides = [picture.width, picture.height]
    if (sides.some((side) => side < 1 || side > MAX_PIXELS))
      return problem(
        c,
        'invalid-request',
        fieldProblem(
          'picture',
          `must have 1 to ${MAX_PIXELS} pixels each way, not ${sides.join(' × ')}`,
        ),
      )
    // The file is stored before an account shows it.
    const key = await storePicture(c.env.AVATARS, bytes, picture.format)
    try {
      const { user, formerKey } = await setAvatar(actor, key)
      logSecurity(c, 'avatar_changed', caller.userId, caller.sessionId)
      c.executionCtx.waitUntil(removePicture(c.env.AVATARS, formerKey))
      return c.json(viewPrivate(user, settings.appOrigin), 200)
    } catch (error) {
      // After any other error the account may show the file. If it does not, the sweep deletes it.
      if (error instanceof SessionEnded) await removePicture(c.env.AVATARS, key)
      throw error
    }
  },
)

const deleteAvatar = endpoint(
  {
    method: 'delete',
    path: '/api/users/me/avatar',
    operationId: 'deleteAvatar',
    summary: 'Remove my picture',
    tags: ['accounts'],
    access: 'account',
    limit: 'write',
    responses: { 204: nothing('The account has no picture') },
  },
  async (c) => {
    const { actor, caller } = c.var
    const formerKey = await clearAvatar(actor)
    if (formerKey) {
      logSecurity(c, 'avatar_changed', caller.userId, caller.sessionId)
      c.executionCtx.waitUntil(removePicture(c.env.AVATARS, formerKey))
    }
    return noContent(c)
  },
)

const showAvatar = endpoint(
  {
    method: 'get',
    path: '/avatars/{name}',
    operationId: 'showAvatar',
    summary: 'A picture. Its address never shows another one',
    tags: ['accounts'],
    access: 'anyone',
    request: {
      params: z.object({ name: z.string().openapi({ param: { name: 'name', in: 'path' } }) }),
    },
    responses: {
      200: { description: 'The picture', content: files },
      304: nothing('The picture has not changed'),
      ...problems('avatar-not-found'),
    },
  },
  async (c) => {
    const { name } = c.req.valid('param')
    const type = typeOfPicture(name)
    if (!type) return problem(c, 'avatar-not-found')
    // A name never refers to other bytes, so it is its own version. A day at most, so that caches
    // drop the picture soon after its owner does.
    const headers = {
      ETag: `"${name}"`,
      'Cache-Control': 'public, max-age=86400',
      // With `nosniff` browsers treat the bytes as a picture, whatever else they could be.
      'Content-Type': type,
    }
    const isKnown = clientHas(c, headers.ETag)
    if (isKnown || c.req.method === 'HEAD') {
      if (!(await c.env.AVATARS.head(name))) return problem(c, 'avatar-not-found')
      return isKnown ? c.body(null, 304, headers) : c.body(null, 200, headers)
    }
    const found = await c.env.AVATARS.get(name)
    return found ? c.body(found.body, 200, headers) : problem(c, 'avatar-not-found')
  },
)

export const avatarRoutes = [putAvatar, deleteAvatar, showAvatar] as const
