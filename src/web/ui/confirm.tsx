/** A button for what cannot be undone: it asks first. */
import type { ComponentChildren } from 'preact'
import { useId, useRef, useState } from 'preact/hooks'
import { ApiProblem } from '../../client'

interface ConfirmProps {
  /** On the button, and again on the one that does it. */
  label: string
  question: string
  children?: ComponentChildren
  act: () => Promise<void>
  class?: string
}

export function Confirm({ label, question, children, act, class: kind = 'danger' }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const id = useId()
  async function confirm() {
    setBusy(true)
    setTrouble('')
    try {
      await act()
      dialog.current?.close()
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setTrouble(error.message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <button type="button" class={kind} onClick={() => dialog.current?.showModal()}>
        {label}
      </button>
      <dialog ref={dialog} aria-labelledby={id}>
        <h2 id={id}>{question}</h2>
        {children}
        {trouble && (
          <p class="error" role="alert">
            {trouble}
          </p>
        )}
        <div class="row end">
          {/* The harmless answer has the focus. */}
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="button" class="danger solid" aria-busy={busy} onClick={confirm}>
            {label}
          </button>
        </div>
      </dialog>
    </>
  )
}
