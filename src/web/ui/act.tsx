/**
 * A button that sends a request without a form. It shows that the request is in progress, and its
 * problem.
 */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { asProblem } from './load'
import { say } from './messages'

export function Act({ act, children }: { act: () => Promise<void>; children: ComponentChildren }) {
  const [busy, setBusy] = useState(false)
  return (
    <p>
      <button
        type="button"
        class="quiet"
        aria-busy={busy}
        onClick={async () => {
          setBusy(true)
          await act().catch((error) => say(asProblem(error).message))
          setBusy(false)
        }}
      >
        {children}
      </button>
    </p>
  )
}
