/** The text of a problem for the user, where the API's text is for developers. */
import type { ApiProblem } from '../../client'

const WORDS: Record<string, string> = {
  'invalid-token':
    'It was used already, a newer one was sent, or its time is over. Ask for a new one.',
  'email-not-verified':
    'Confirm your email first: open the link that was mailed to you. Is it gone? “Forgot your password?” mails one that confirms it, too.',
  'insufficient-scope': 'Your permissions have changed. Sign out and back in.',
}

export function explain(problem: ApiProblem): string {
  const words = WORDS[problem.code] ?? problem.message
  const { retryAfter, status } = problem
  return status === 429 && retryAfter ? `${words} Try again in ${wait(retryAfter)}.` : words
}

const wait = (seconds: number) =>
  seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`
