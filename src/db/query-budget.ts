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

  /** Runs a job with at most `count` of the queries, so that others are left for the next job. */
  async spend<T>(count: number, job: (part: QueryBudget) => Promise<T>): Promise<T> {
    const part = new QueryBudget(Math.min(Math.floor(count), this.left))
    this.left -= part.left
    try {
      return await job(part)
    } finally {
      this.left += part.left
    }
  }
}
