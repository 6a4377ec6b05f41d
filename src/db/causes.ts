/** Chains of errors: drizzle wraps D1's error as the cause, and a batch throws D1's own. */

/** An error and its causes, the innermost last; no deeper than any library nests them. */
export function causes(error: unknown): Error[] {
  const chain: Error[] = []
  for (let e = error; e instanceof Error && chain.length < 5; e = e.cause) chain.push(e)
  return chain
}
