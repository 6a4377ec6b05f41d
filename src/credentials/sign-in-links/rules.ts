/** Limits of sign-in links, and the outcome of using one. Pure. */

/** Wrong codes that end a link: a guess succeeds with probability 5 in 1 000 000. */
export const MAX_WRONG_CODES = 5

/** The result of the statements that use a link. */
export interface UseOutcome {
  /** A link with this token was usable. */
  isFound: boolean
  /** The browser or the code was right, and the link is used up. */
  isUsed: boolean
  /** The number of wrong codes after this one; null: no code was wrong. */
  wrongCodes: number | null
}

export type UseVerdict = 'used' | 'code-required' | 'wrong-code' | 'ended'

export function judgeUse({ isFound, isUsed, wrongCodes }: UseOutcome): UseVerdict {
  if (isUsed) return 'used'
  if (!isFound) return 'ended'
  if (wrongCodes === null) return 'code-required'
  return wrongCodes < MAX_WRONG_CODES ? 'wrong-code' : 'ended'
}
