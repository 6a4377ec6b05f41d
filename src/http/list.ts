/** Pagination of all lists: `limit`, and a `cursor` that clients cannot forge. */
import { z } from '@hono/zod-openapi'
import type { TypedResponse } from 'hono'
import type { AnyContext } from '../context'
import { openCursor, sealCursor } from '../security/cursor'
import { KIB } from './body/reader'
import { fieldProblem, problem } from './problem'

export const PageLimit = z
  .string('must be given once')
  .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 100')
  .transform(Number)
  .refine((n) => n >= 1 && n <= 100, 'must be a whole number from 1 to 100')
  .default(20)
  .openapi({
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 20,
    description:
      'Maximum number of rows. A page also ends before it has more than 512 KiB; `next_cursor` continues it.',
    param: { name: 'limit', in: 'query' },
  })

export const Cursor = z
  .string('must be given once')
  .max(1000, 'is not one of this list')
  .optional()
  .openapi({
    description: '`next_cursor` of the page before',
    param: { name: 'cursor', in: 'query' },
  })

/** The query parameters of a list without filters. */
export const ListQuery = z.strictObject({ limit: PageLimit, cursor: Cursor })

/** The 422 for a cursor that was edited or belongs to another list. */
export const badCursor = fieldProblem('cursor', 'is not one of this list: begin again without it')

/**
 * The place in a cursor: null without a cursor, `'bad'` if it was edited or is of another list.
 * `list` names the list with its filters.
 */
export async function readCursor(
  c: AnyContext,
  list: string,
  cursor: string | undefined,
): Promise<(string | number)[] | null | 'bad'> {
  if (cursor === undefined) return null
  return (await openCursor(c.var.keys, list, cursor)) ?? 'bad'
}

/** Maximum size of a page in bytes, unless its only row is larger. */
export const PAGE_BYTES = 512 * KIB
/** The rest of an answer: names, brackets and the cursor. */
const ENVELOPE_BYTES = KIB

/** How a list shows its rows, and where it goes on after one. */
interface ListFormat<Row, Item> {
  /** Names the list with its filters, so that its cursors fit no other. */
  list: string
  limit: number
  place: (row: Row) => (string | number)[]
  view: (row: Row) => Item
  /** The position after all rows found, if the list goes on there. */
  rest?: (string | number)[] | null
}

/**
 * JSON text of an `Item`. The property exists in the type alone: it carries `Item` to the type of
 * the response.
 */
type JsonOf<Item> = string & { readonly of?: Item }

export interface Page<Row, Item> {
  rows: Row[]
  /** The views of the rows. */
  items: JsonOf<Item[]>
  nextCursor: string | null
}

/**
 * Cuts a page from the rows found, which are `limit + 1` if there are more. The page has at most
 * `limit` rows and `PAGE_BYTES`, and at least one row if any was found.
 */
export async function cutPage<Row, Item>(
  c: AnyContext,
  found: Row[],
  { list, limit, place, view, rest = null }: ListFormat<Row, Item>,
): Promise<Page<Row, Item>> {
  const { items, count } = fittingItems(found.slice(0, limit).map(view))
  const rows = found.slice(0, count)
  const last = rows.at(-1)
  const isCut = last !== undefined && found.length > rows.length
  const next = isCut ? place(last) : rest
  const nextCursor = next && (await sealCursor(c.get('keys'), list, next))
  return { rows, items, nextCursor }
}

/** The JSON of as many views as fit on a page, the first one in any case. */
function fittingItems<Item>(views: Item[]): { items: JsonOf<Item[]>; count: number } {
  const maximum = PAGE_BYTES - ENVELOPE_BYTES
  const items = JSON.stringify(views)
  // UTF-8 has at most three bytes for a UTF-16 unit, so most pages need no exact count.
  if (3 * items.length <= maximum) return { items, count: views.length }
  const encoder = new TextEncoder()
  const texts: string[] = []
  let bytes = 0
  for (const text of views.map((view) => JSON.stringify(view))) {
    bytes += encoder.encode(text).length + 1
    if (texts.length > 0 && bytes > maximum) break
    texts.push(text)
  }
  return { items: `[${texts.join(',')}]`, count: texts.length }
}

/** Answers with a page: `{ "<name>": [ … ], "next_cursor": … }`. */
export function jsonPage<Name extends string, Item>(
  c: AnyContext,
  name: Name,
  { items, nextCursor }: Page<unknown, Item>,
) {
  const body = `{"${name}":${items},"next_cursor":${JSON.stringify(nextCursor)}}`
  // hono only types what its own `json()` has stringified.
  return c.body(body, 200, { 'Content-Type': 'application/json' }) as unknown as TypedResponse<
    { [K in Name]: Item[] } & { next_cursor: string | null },
    200,
    'json'
  >
}

/** A list whose answer depends on nothing but its rows. */
interface List<Row, Item> extends Omit<ListFormat<Row, Item>, 'limit' | 'rest'> {
  /** At most `limit` rows after the place of a cursor, or the first ones. One round trip. */
  find: (limit: number, after: (string | number)[] | null) => Promise<Row[]>
}

/** Answers with the page that a query asks for, or 422 for a cursor of another list. */
export async function listPage<Name extends string, Row, Item>(
  c: AnyContext,
  name: Name,
  { limit, cursor }: z.infer<typeof ListQuery>,
  { find, ...format }: List<Row, Item>,
) {
  const after = await readCursor(c, format.list, cursor)
  if (after === 'bad') return problem(c, 'invalid-request', badCursor)
  const found = await find(limit + 1, after)
  return jsonPage(c, name, await cutPage(c, found, { ...format, limit }))
}
