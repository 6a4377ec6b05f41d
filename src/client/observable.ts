/** A value whose changes others follow. */

export function observable<Value>(initial: Value) {
  const listeners = new Set<(value: Value) => void>()
  let value = initial

  function subscribe(listener: (value: Value) => void): () => void {
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }
  return {
    get: () => value,
    set(next: Value) {
      value = next
      for (const listener of listeners) callSafely(listener, value)
    },
    subscribe,
    /** Resolves at the next change, after `ms` milliseconds at the latest. */
    nextChange: (ms: number) =>
      new Promise<void>((done) => {
        const timer = setTimeout(finish, ms)
        const unsubscribe = subscribe(finish)
        function finish() {
          clearTimeout(timer)
          unsubscribe()
          done()
        }
      }),
  }
}

/** The error of one listener is reported, and stops no other. */
function callSafely<Value>(listener: (value: Value) => void, value: Value) {
  try {
    listener(value)
  } catch (error) {
    if (typeof reportError === 'function') reportError(error)
    else console.error(error)
  }
}
