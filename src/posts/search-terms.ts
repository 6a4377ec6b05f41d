/** The words of a search, and their FTS5 expressions. Pure. */
import { WORD_CHARACTERS } from './word-characters'

/** The most words of one search: each is a list that D1 intersects with the others. */
export const MAX_WORDS = 8

let word: RegExp | undefined
/** Runs of the characters that FTS5 makes words of. Compiled at the first search. */
const wordPattern = () => (word ??= new RegExp(`[${characterClass(WORD_CHARACTERS)}]+`, 'gu'))

/** The ranges of `WORD_CHARACTERS` as they stand between the brackets of a regular expression. */
function characterClass(ranges: string): string {
  let end = 0
  return ranges
    .split(' ')
    .map((number, i) => {
      end += Number.parseInt(number, 36)
      return `${i % 2 ? '-' : ''}\\u{${end.toString(16)}}`
    })
    .join('')
}

/**
 * The different words of a search: runs of letters, digits and their marks, each once whatever its
 * case. All other characters only separate words, quotes too.
 */
export function searchWords(q: string): string[] {
  const words = new Map<string, string>()
  for (const [word] of q.matchAll(wordPattern())) {
    // FTS5 drops some marks: a run of marks alone may be an empty word there.
    if (/\P{M}/u.test(word)) words.set(word.toLowerCase(), word)
  }
  return [...words.values()]
}

/**
 * A search as FTS5 expressions, the best matches first: all words in the title, then all words
 * anywhere else. A post matches at most one of them, and its own text alone decides which. So pages
 * stay exact while posts come and go, which a relevance like bm25 does not allow.
 *
 * Every word is one FTS5 token. With `detail = column` a phrase of two tokens is an error, and a
 * token of the characters above is never FTS5 syntax.
 * @returns null for a blank text: no search. No tiers for text without words: it matches nothing.
 */
export function searchTiers(q: string, author: number | undefined): string[] | null {
  if (q.trim() === '') return null
  const words = searchWords(q)
  if (words.length === 0) return []
  const all = `(${words.map((word) => `"${word}"`).join(' ')})`
  const own = author === undefined ? '' : ` AND author_id : "${author}"`
  return [`title : ${all}${own}`, `({title content} : ${all}${own}) NOT title : ${all}`]
}
