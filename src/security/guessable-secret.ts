// Recognizes secrets that are examples or typed by hand. A random secret passes in any usual
// spelling; this is no measure of entropy. Published keys are in published-secrets.ts.

/** Words of examples and placeholders. They do not count as random. */
const WELL_KNOWN_WORDS =
  /secret|passwor[dt]|changeme|change|replace|please|default|example|sample|development|production|your|this|with|random|string|value|token|signing|super|secure|hello|world|qwerty|letmein|gatepost|jwt|key|the|my|in|me|a/g
/** A secret needs 12 letters and digits, 8 of them distinct, besides words and sequences. */
const MIN_LENGTH = 12
const MIN_DISTINCT = 8

/** Characters in the order of the alphabet, of the digits and of keyboard rows (US, DE, FR). */
const SEQUENCES = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
]
/** The shortest part of a sequence, forwards or backwards, that is recognized. */
const MIN_SEQUENCE = 4

/** Whether a secret consists of words or sequences, or repeats one piece. */
export function isGuessable(secret: string): boolean {
  if (isRepetition(secret) || isWords(secret)) return true
  const rest = withoutSequences(secret.toLowerCase())
    .replace(WELL_KNOWN_WORDS, '')
    .replace(/[^a-z0-9]/g, '')
  return rest.length < MIN_LENGTH || new Set(rest).size < MIN_DISTINCT
}

/** Letters of one case and separators only. */
const isWords = (text: string) => /^[a-z\s_.-]+$/.test(text) || /^[A-Z\s_.-]+$/.test(text)

/** Whether a piece of at most half the length is repeated to the end, the last time maybe cut. */
function isRepetition(text: string): boolean {
  for (let length = 1; length <= text.length / 2; length++) {
    if (text.startsWith(text.slice(length))) return true
  }
  return false
}

/** Every part of a sequence that has the recognized length. */
const PARTS = new Set(
  SEQUENCES.flatMap((sequence) => [sequence, [...sequence].reverse().join('')]).flatMap((text) =>
    Array.from({ length: text.length - MIN_SEQUENCE + 1 }, (_, i) =>
      text.slice(i, i + MIN_SEQUENCE),
    ),
  ),
)

/** The text without the characters that belong to a part of a sequence. */
function withoutSequences(text: string): string {
  const isPart = new Array<boolean>(text.length).fill(false)
  for (let at = 0; at + MIN_SEQUENCE <= text.length; at++) {
    if (PARTS.has(text.slice(at, at + MIN_SEQUENCE))) isPart.fill(true, at, at + MIN_SEQUENCE)
  }
  return [...text].filter((_, i) => !isPart[i]).join('')
}
