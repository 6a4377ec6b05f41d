/**
 * The queries that a run may still send to D1. D1 allows 1 000 per invocation; the statements of a
 * batch count one by one (https://developers.cloudflare.com/d1/platform/limits/).
 */
export class QueryBudget {
  constructor(public left: number) {}

  /** Reserves `count` queries; false when fewer are left. */
  take(count: number): boolean {
    if (this.left < count) return false
    this.left -= count
    return true
  }

  /** Reserves half of what is left for a job, so that it cannot use up that of the next one. */
  half(): QueryBudget {
    const half = Math.floor(this.left / 2)
    this.left -= half
    return new QueryBudget(half)
  }
}
