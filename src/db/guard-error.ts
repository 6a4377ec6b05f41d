/**
 * Makes a statement of a batch fail on purpose, and reads the failure from the error. Both rely on
 * SQLite's text `bad JSON path: '…'`, since `raise()` works in triggers only.
 */
import { type SQL, sql } from 'drizzle-orm'
import { causes } from './causes'

const FAILURES = ['session-ended', 'role-missing', 'step-up-required'] as const
export type Failure = (typeof FAILURES)[number]

/** An expression that fails when it is evaluated, so that D1 undoes the batch. */
export const raise = (failure: Failure): SQL => sql.raw(`json_extract('{}', '${failure}')`)

/** SQLite's text, alone or as D1 wraps it. */
const MESSAGE = /^(?:D1_ERROR: )?bad JSON path: '([a-z-]+)'(?:: SQLITE_ERROR)?$/

/**
 * The failure that an error reports. Only the innermost cause counts, and only as a whole, because
 * drizzle's errors quote the SQL, which contains the names of all failures.
 */
export function failureOf(error: unknown): Failure | undefined {
  const text = MESSAGE.exec(rootMessage(error))?.[1]
  return FAILURES.find((failure) => failure === text)
}

/** Whether an error may report a failure in another text than the expected one. */
export const mentionsFailure = (error: unknown) =>
  FAILURES.some((failure) => rootMessage(error).includes(failure))

const rootMessage = (error: unknown) => causes(error).at(-1)?.message ?? ''
