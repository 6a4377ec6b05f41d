/** Leases of what an isolate has little of, each of which ends by itself: a request that its client aborted may never give it back. */
export class Leases<What> {
  readonly #held = new Set<{ what: What; until: number }>()

  /** What is held at `now` (milliseconds). */
  at(now: number): What[] {
    for (const lease of this.#held) if (lease.until <= now) this.#held.delete(lease)
    return [...this.#held].map(({ what }) => what)
  }

  /** Holds `what` until then at the latest. Gives the function that gives it back; calling it again does nothing. */
  take(what: What, until: number): () => void {
    const lease = { what, until }
    this.#held.add(lease)
    return () => void this.#held.delete(lease)
  }
}
