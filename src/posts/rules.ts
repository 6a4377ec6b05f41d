/** Decisions about posts: their versions, and why a change is refused. Pure. */

/** Every id is below it, so the first page of a list uses the index like all others. */
const END = Number.MAX_SAFE_INTEGER

/** Where a list goes on: below this id; in a search, within a tier and a part. */
export interface Place {
  tier: number
  before: number
  /** Absent in lists, and on the first page of a search. */
  part?: Part | undefined
}

/** The first page of any list. */
export const START: Place = { tier: 0, before: END }

/** The posts that one request searches: ids of at least `from` and below `to`. */
export interface Part {
  from: number
  to: number
}

/**
 * Ids in a part of a search. FTS5 intersects the lists of all posts with a word, so this bounds its
 * work, whatever was written before: a few milliseconds of D1.
 */
export const PART_IDS = 100_000

/** The newest part, which also has the posts that are written while it is searched. */
export const newestPart = (newestId: number, size = PART_IDS): Part => ({
  from: Math.max(1, newestId + 1 - size),
  to: END,
})

/** Where a search goes on after a part; null after the oldest one. */
export const afterPart = ({ from }: Part, size = PART_IDS): Place | null =>
  from > 1 ? { tier: 0, before: from, part: { from: Math.max(1, from - size), to: from } } : null

/** The place in a cursor, and back. */
export const placeValues = ({ tier, before, part }: Place): number[] =>
  part ? [tier, before, part.from, part.to] : [tier, before]
export const placeOf = ([tier, before, from, to]: number[]): Place => ({
  tier: tier ?? START.tier,
  before: before ?? START.before,
  part: from === undefined || to === undefined ? undefined : { from, to },
})

/** How often a post, and the public profile of its author, have been changed. */
export interface Version {
  revision: number
  authorRevision: number
}

/** The strong ETag of a post. A change of its visibility is a change like any other. */
export const versionTag = ({ revision, authorRevision }: Version) =>
  `"${revision}.${authorRevision}"`

export const postTag = ({ revision, author }: { revision: number; author: { revision: number } }) =>
  versionTag({ revision, authorRevision: author.revision })

export type Refusal =
  | { kind: 'post-not-found' }
  | { kind: 'not-the-author' }
  | { kind: 'precondition-failed'; etag: string }

/**
 * Why a post was not changed, from what the same round trip found. `mayWrite` is SQLite's 0 or 1.
 * For others a private post is not found, so they cannot distinguish it from a missing one.
 */
export function refusalReason(found: (Version & { mayWrite: number }) | undefined): Refusal {
  if (!found) return { kind: 'post-not-found' }
  if (!found.mayWrite) return { kind: 'not-the-author' }
  return { kind: 'precondition-failed', etag: versionTag(found) }
}
