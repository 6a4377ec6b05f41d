/**
 * Expiring leases on a scarce per-isolate resource. They expire because an aborted request may
 * never release one.
 */
export function leasesOf<What>() {
  const held = new Set<{ what: What; until: number }>()
  return {
    /** The leases at `now` (milliseconds). */
    at(now: number): What[] {
      for (const lease of held) if (lease.until <= now) held.delete(lease)
      return [...held].map(({ what }) => what)
    },
    /**
     * Acquires a lease that expires at `until`. Returns the function that releases it; calling it
     * again does nothing.
     */
    take(what: What, until: number): () => void {
      const lease = { what, until }
      held.add(lease)
      return () => void held.delete(lease)
    },
  }
}
