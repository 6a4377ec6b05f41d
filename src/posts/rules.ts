/** What decides about posts: their versions, who may change what, and what a search asks for. */

/** Where a list goes on: below this id; in a search, within one of its tiers. */
export interface Place {
  tier: number
  before: number
}

/** The first page of any list. Every id is below it, so the first page asks the index like all others. */
export const START: Place = { tier: 0, before: Number.MAX_SAFE_INTEGER }

/** How often a post, and what everybody sees of its author, have been changed. */
export interface Version {
  revision: number
  authorRevision: number
}

/** The strong ETag of a post. */
export const versionTag = ({ revision, authorRevision }: Version) =>
  `"${revision}.${authorRevision}"`

export const postTag = ({ revision, author }: { revision: number; author: { revision: number } }) =>
  versionTag({ revision, authorRevision: author.revision })

export type Refusal =
  | { kind: 'post-not-found' }
  | { kind: 'not-allowed' }
  | { kind: 'precondition-failed'; etag: string }

/** Why a post was not changed, from what the same round trip found there; `isAllowed` is SQLite's 0 or 1. */
export function refusalReason(found: (Version & { isAllowed: number }) | undefined): Refusal {
  if (!found) return { kind: 'post-not-found' }
  if (!found.isAllowed) return { kind: 'not-allowed' }
  return { kind: 'precondition-failed', etag: versionTag(found) }
}

/**
 * A search as FTS5 expressions, the best matches first: all words in the title; all words anywhere else. A post is in one tier only, and
 * which one depends on nothing but its own text, so that pages stay exact while other posts come and go; a relevance like bm25 depends on
 * all posts, and has to weigh every match before it can show one.
 * Null for a blank text: no search. None for signs alone: nothing has them.
 */
export function searchTiers(q: string, author: number | undefined): string[] | null {
  if (q.trim() === '') return null
  const words = searchWords(q)
  if (words.length === 0) return []
  const all = `(${words.map((word) => `"${word}"`).join(' ')})`
  const own = author === undefined ? '' : ` AND author_id : "${author}"`
  return [`title : ${all}${own}`, `({title content} : ${all}${own}) NOT title : ${all}`]
}

/** What stands between quotes, and the words outside of them. A quote never gets into a word, so nothing in a word is FTS5 syntax. */
function searchWords(q: string): string[] {
  return [...q.replace(/\p{Cc}/gu, ' ').matchAll(/"([^"]*)"|[^\s"]+/g)]
    .map(([text, quoted]) => quoted ?? text)
    .filter((word) => /[\p{L}\p{N}\p{Co}]/u.test(word))
}
