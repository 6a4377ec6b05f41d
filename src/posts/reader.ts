/** The client of the public routes of posts, and whose private posts it sees. */
import type { Caller } from '../actor'
import type { Database } from '../db'
import { sessionValues } from '../db/session-guard'

export interface Reader {
  db: Database
  now: Date
  /** Of a valid token. Whether its session is active is a condition of each query. */
  caller: Caller | undefined
}

/**
 * The caller whose private posts a reader may see, or null. The scope is required so that a token
 * that was granted for something else shows no more than an anonymous client sees.
 */
export const privateOwner = ({ caller }: Reader): Caller | null =>
  caller?.scope.includes('posts:write') ? caller : null

/** The values of queries that show private posts: `userId`, `sessionId`, `now`. */
export const readerValues = (reader: Reader) => sessionValues(privateOwner(reader), reader.now)
