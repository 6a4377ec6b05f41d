/**
 * Bounds the text that D1 reads for a page of posts. A list selects all its rows, but without the
 * content of those that do not fit on the page.
 */
import { placeholder, type SQL, sql } from 'drizzle-orm'
import { posts } from '../db/schema'
import { PAGE_BYTES } from '../http/list'
import { EXCERPT_LENGTH, type PostRow, type View } from './schemas'

/**
 * Maximum size of the contents that D1 reads for a page, in bytes; a list reads as much as one more
 * post. An excerpt is short, but SQLite reads the whole content of a post for it.
 */
const READ_BYTES: Record<View, number> = { full: PAGE_BYTES, excerpt: 4 * PAGE_BYTES }
const maximum = (view: View) => sql.raw(String(READ_BYTES[view]))

/**
 * Maximum size of the small contents of a page, in bytes. With its titles, which have at most 800
 * bytes each, they are smaller than one post may be.
 */
const SMALL_BYTES = 100_000

/** SQLite knows the size of a text without reading it. */
export const contentBytes = sql`octet_length(${posts.content})`

/** The part of a content that a view shows; of an excerpt one character more, if there is one. */
const shown = (view: View) =>
  view === 'full'
    ? sql`${posts.content}`
    : sql`substr(${posts.content}, 1, ${sql.raw(String(EXCERPT_LENGTH + 1))})`

/** A row of a list: its content is null if it does not fit on the page. */
export type ListedRow = Omit<PostRow, 'content' | 'isExcerpt'> & { content: string | null }

/** The content of a post where `isRead`, else null. */
export const contentIf = (view: View, isRead: SQL): SQL.Aliased<string | null> =>
  sql<string | null>`case when ${isRead} then ${shown(view)} end`.as('post_content')

/**
 * Whether a row of `sizes` fits, by its `bytes` and the `total` of the rows up to it. The first row
 * of a page always does.
 */
export const isFitting = (view: View) => sql`(total <= ${maximum(view)} or total = bytes)`

/**
 * The content of a post of a list by descending id. Small posts are always read. SQLite adds up
 * `sizes` once, when it reaches the first post that is not small.
 * @param sizes selects `id` and `bytes` of the posts of the list, in its order
 */
export function contentOfList(view: View, sizes: SQL) {
  const isSmall = sql`${contentBytes} <= ${sql.raw(String(SMALL_BYTES))} / ${placeholder('limit')}`
  const totals = sql`select id, bytes,
    sum(bytes) over (order by id desc rows unbounded preceding) as total from (${sizes})`
  const lastId = sql`(select min(id) from (${totals}) where ${isFitting(view)})`
  return contentIf(view, sql`${isSmall} or ${posts.id} >= ${lastId}`)
}

/** The rows of a list that D1 read whole, and whether more rows follow them. */
export interface ReadRows<Row extends PostRow> {
  rows: Row[]
  isCut: boolean
}

/** The rows before the first one without content, with the content that the view shows. */
export function readRows<Row extends ListedRow>(
  view: View,
  found: readonly Row[],
): ReadRows<Row & PostRow> {
  const isRead = (row: Row): row is Row & PostRow => row.content !== null
  const end = found.findIndex((row) => !isRead(row))
  const rows = (end < 0 ? found : found.slice(0, end)).filter(isRead)
  return {
    rows: view === 'full' ? rows : rows.map((row) => ({ ...row, ...excerptOf(row.content) })),
    isCut: end >= 0,
  }
}

function excerptOf(text: string): Pick<PostRow, 'content' | 'isExcerpt'> {
  if (text.length <= EXCERPT_LENGTH) return { content: text }
  const characters = [...text]
  if (characters.length <= EXCERPT_LENGTH) return { content: text }
  return { content: characters.slice(0, EXCERPT_LENGTH).join(''), isExcerpt: true }
}
