/** Decisions about posts: their versions, and why a change is refused. Pure. */

/** Where a list goes on: below this id; in a search, within one of its tiers. */
export interface Place {
  tier: number
  before: number
}

/** The first page of any list. Every id is below it, so all pages use the index alike. */
export const START: Place = { tier: 0, before: Number.MAX_SAFE_INTEGER }

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
  | { kind: 'not-allowed' }
  | { kind: 'precondition-failed'; etag: string }

/**
 * Why a post was not changed, from what the same round trip found. `isAllowed` is SQLite's 0 or 1.
 * Of a private post nothing is found for others, so that they cannot tell it from none.
 */
export function refusalReason(found: (Version & { isAllowed: number }) | undefined): Refusal {
  if (!found) return { kind: 'post-not-found' }
  if (!found.isAllowed) return { kind: 'not-allowed' }
  return { kind: 'precondition-failed', etag: versionTag(found) }
}
