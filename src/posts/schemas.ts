/** The wire shapes of posts, and the views that produce them. */
import { z } from '@hono/zod-openapi'
import { ListQuery } from '../http/list'
import { durationText, IDEMPOTENCY_MS } from '../limits'
import { Id, type PublicRow, Time, UserPublic, viewPublic } from '../user'
import { MAX_WORDS, searchWords } from './search-terms'

const TITLE_MAX = 200
const CONTENT_MAX = 50_000
const SEARCH_MAX = 200
/** Code points of content in the view `excerpt`. */
export const EXCERPT_LENGTH = 400

/** Counts code points, and only where the count of UTF-16 units leaves it open. */
const hasAtMost = (max: number) => (text: string) =>
  text.length <= max || (text.length <= 2 * max && [...text].length <= max)

const Text = z
  .string()
  .refine((s) => s.isWellFormed(), { error: 'is not well-formed Unicode', abort: true })

/** A character that shows something: no space, control, format, filler or noncharacter. */
const VISIBLE = /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u

/** One line. Spaces around it are dropped. */
export const Title = Text.transform((s) => s.trim())
  .refine((s) => s !== '', { error: 'must not be empty', abort: true })
  .refine((s) => VISIBLE.test(s), {
    error: 'must have at least one visible character',
    abort: true,
  })
  .refine(hasAtMost(TITLE_MAX), `must have at most ${TITLE_MAX} characters`)
  .refine((s) => !/\p{Cc}/u.test(s), 'must be one line without control characters')
  .openapi({ type: 'string', minLength: 1, maxLength: TITLE_MAX, example: 'Hello, world' })

/**
 * Stored exactly as it is sent. Of the control characters only tabs and line breaks have a meaning
 * in a text; NUL would end it in SQLite.
 */
export const Content = Text.min(1, 'must not be empty')
  .refine(hasAtMost(CONTENT_MAX), `must have at most ${CONTENT_MAX} characters`)
  .refine(
    (s) => !/[^\P{Cc}\t\n\r]/u.test(s),
    'must not contain control characters but tabs and line breaks',
  )
  .openapi({ type: 'string', minLength: 1, maxLength: CONTENT_MAX, example: 'My first post.' })

export const VISIBILITIES = ['public', 'private'] as const
export type Visibility = (typeof VISIBILITIES)[number]
const Visibility = z.enum(VISIBILITIES, 'must be "public" or "private"')

export const NewPost = z
  .strictObject({
    title: Title,
    content: Content,
    visibility: Visibility.optional().meta({
      description: '`private`: for its author alone. New posts are public by default.',
    }),
  })
  .openapi('NewPost')
export type NewPost = z.infer<typeof NewPost>

export const PostChanges = z
  .strictObject({
    title: Title.optional(),
    content: Content.optional(),
    visibility: Visibility.optional(),
  })
  .refine(
    (changes) => Object.keys(changes).length > 0,
    'must have a title, a content or a visibility',
  )
  .openapi('PostChanges', { minProperties: 1 })
export type PostChanges = z.infer<typeof PostChanges>

/** Chosen by the client for one act, so that it can be repeated when the answer was lost. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
  .optional()
  .meta({
    description: `Sent again within ${durationText(IDEMPOTENCY_MS)} with the same body, it creates no second post, not even if the first was deleted since`,
    example: '8e03978e-40d5-43dd-bc93-6894a57f9324',
  })

const VIEWS = ['full', 'excerpt'] as const
export type View = (typeof VIEWS)[number]
const View = z
  .enum(VIEWS, 'must be "full" or "excerpt", and given once')
  .default('full')
  .meta({
    description: `\`excerpt\`: \`content\` is cut after ${EXCERPT_LENGTH} characters, and such posts have \`excerpt: true\`.`,
  })

export const PostsOfUserQuery = ListQuery.extend({ view: View })

export const PostQuery = PostsOfUserQuery.extend({
  author: z
    .string('must be given once')
    .regex(/^[1-9]\d{0,15}$/, 'must be the id of a user')
    .transform(Number)
    .refine(Number.isSafeInteger, 'must be the id of a user')
    .optional()
    .openapi({
      type: 'integer',
      minimum: 1,
      description: 'Only the posts of this user',
      param: { name: 'author', in: 'query' },
    }),
  q: z
    .string('must be given once')
    .refine(hasAtMost(SEARCH_MAX), {
      error: `must have at most ${SEARCH_MAX} characters`,
      abort: true,
    })
    .refine(
      (q) => searchWords(q).length <= MAX_WORDS,
      `must have at most ${MAX_WORDS} different words: runs of letters and digits`,
    )
    .optional()
    .openapi({
      type: 'string',
      maxLength: SEARCH_MAX,
      description: `At most ${MAX_WORDS} words that a public post must have, in its title or content. A word is a run of letters and digits; quotes have no meaning. Case and diacritics do not matter. Posts with all words in the title come first, the newest of each kind before the older.`,
      param: { name: 'q', in: 'query' },
    }),
})

export const Post = z
  .object({
    id: Id,
    title: z.string().meta({ example: 'Hello, world' }),
    content: z.string().meta({ example: 'My first post.' }),
    excerpt: z
      .literal(true)
      .optional()
      .meta({
        description: `Only in a list with \`view=excerpt\`: \`content\` is no more than the first ${EXCERPT_LENGTH} characters.`,
      }),
    visibility: Visibility.meta({
      description: 'A private post exists for its author alone: for all others it is 404.',
    }),
    created_at: Time,
    updated_at: Time,
    author: UserPublic,
  })
  .strict()
  .openapi('Post')
export type Post = z.infer<typeof Post>

export const PostPage = z
  .object({
    posts: z.array(Post),
    next_cursor: z.string().nullable().meta({ description: 'null: this is the last page' }),
  })
  .strict()
  .openapi('PostPage')
export type PostPage = z.infer<typeof PostPage>

export interface PostRow {
  id: number
  title: string
  content: string
  /** Whether `content` is only the beginning of the post's. */
  isExcerpt?: boolean
  visibility: Visibility
  revision: number
  createdAt: Date
  updatedAt: Date
  author: AuthorRow
}
export type AuthorRow = PublicRow & { revision: number }

/** `origin` is APP_ORIGIN. */
export const viewPost = (row: PostRow, origin: string): Post => ({
  id: row.id,
  title: row.title,
  content: row.content,
  ...(row.isExcerpt && { excerpt: true as const }),
  visibility: row.visibility,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
  author: viewPublic(row.author, origin),
})
