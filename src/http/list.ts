/** What all lists share: `limit` and `cursor`, sealed so that no client can make one up. */
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

/** The query of a list that has no filters. */
export const ListQuery = z.strictObject({ limit: Limit, cursor: Cursor })

/** The 422 for a cursor that was edited, or is another list's. */
export const badCursor = fieldProblem('cursor', 'is not one of this list: begin again without it')

/** What a cursor holds: null without one, `'bad'` for one that this list did not give. `list` names the list and its filters. */
export async function readCursor(
  c: AnyContext,
  list: string,
  cursor: string | undefined,
): Promise<(string | number)[] | null | 'bad'> {
  if (cursor === undefined) return null
  return (await openCursor(c.var.keys, list, cursor)) ?? 'bad'
}

/** Cuts a page out of `limit + 1` rows, and seals the place of its last row when there are more. */
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
