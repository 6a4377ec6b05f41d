/** The statements of a release: recorded once, replayed by the tests of the releases after it. */

/** How one statement went; `rows` where it returned some. */
export type Outcome =
  | { rows: number }
  /** No row came back; whether one was written. */
  | { changes: boolean }
  /** The statement, or another one of its batch, failed on purpose: the trip was undone. */
  | { fails: true }

/** A statement with its parameters, in the order of its placeholders. */
export type Statement = { sql: string; params: unknown[] } & Outcome

/** One round trip: a transaction of one statement or more. */
export type Trip = Statement[]

export interface Snapshot {
  release: string
  /** The newest migration that the release had. */
  migration: string
  trips: Trip[]
}
