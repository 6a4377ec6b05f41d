/** Pagination of all lists: `limit`, and a `cursor` that clients cannot forge. */
import { z } from '@hono/zod-openapi'
import type { AnyContext } from '../context'
import { openCursor, sealCursor } from '../security/cursor'
import { fieldProblem } from './problem'

export const Limit = z
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
export const ListQuery = z.strictObject({ limit: Limit, cursor: Cursor })

/** The 422 for a cursor that was edited or belongs to another list. */
export const badCursor = fieldProblem('cursor', 'is not one of this list: begin again without it')

/**
 * The position in a cursor: null without a cursor, `'bad'` for a cursor of another list. `list`
 * names
 * the list and its filters.
 */
export async function readCursor(
  c: AnyContext,
  list: string,
  cursor: string | undefined,
): Promise<(string | number)[] | null | 'bad'> {
  if (cursor === undefined) return null
  return (await openCursor(c.var.keys, list, cursor)) ?? 'bad'
}

/** A page of `limit + 1` rows, with a cursor for the position of its last row if there are more. */
export async function page<Row>(
  c: AnyContext,
  list: string,
  rows: Row[],
  limit: number,
  place: (last: Row) => (string | number)[],
): Promise<{ rows: Row[]; next_cursor: string | null }> {
  const cut = rows.slice(0, limit)
  const last = cut.at(-1)
  const more = rows.length > limit && last !== undefined
  return {
    rows: cut,
    next_cursor: more ? await sealCursor(c.get('keys'), list, place(last)) : null,
  }
}
