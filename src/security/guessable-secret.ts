// Recognizes secrets that are examples or typed words. A random secret passes in any usual
// spelling; this is no measure of entropy.

/** Words of examples and placeholders. They do not count as random. */
const WELL_KNOWN_WORDS =
  /secret|passwor[dt]|changeme|change|replace|please|default|example|sample|development|production|your|this|with|random|string|value|token|signing|super|secure|hello|world|qwerty|letmein|gatepost|jwt|key|the|my|in|me|a/g
/** A secret needs 12 letters and digits, 8 of them distinct, besides the well-known words. */
const MIN_LENGTH = 12
const MIN_DISTINCT = 8
/** The longest piece, in characters, that is recognized when it is repeated. */
const MAX_PIECE = 10

/** Whether a secret is an example, consists of words, or repeats one piece. */
export function isGuessable(secret: string): boolean {
  if (isRepetition(secret) || isWords(secret)) return true
  const rest = secret
    .toLowerCase()
    .replace(WELL_KNOWN_WORDS, '')
    .replace(/[^a-z0-9]/g, '')
  return rest.length < MIN_LENGTH || new Set(rest).size < MIN_DISTINCT
}

/** Letters of one case and separators only. */
const isWords = (text: string) => /^[a-z\s_.-]+$/.test(text) || /^[A-Z\s_.-]+$/.test(text)

function isRepetition(text: string): boolean {
  for (let length = 1; length <= MAX_PIECE; length++) {
    if (text.length > length && text.startsWith(text.slice(length))) return true
  }
  return false
}
