/**
 * Texts that are being written: kept in this tab, through a reload, until they are sent or the
 * person signs out.
 */
import { useState } from 'preact/hooks'
import { session } from '../gatepost'

const PREFIX = 'draft '

export function useDraft<T extends object>(name: string) {
  const key = PREFIX + name
  const [draft, setDraft] = useState<T | null>(() => read(key))
  return {
    draft,
    keep(next: T) {
      setDraft(next)
      // A full or forbidden storage only costs the draft.
      try {
        sessionStorage.setItem(key, JSON.stringify(next))
      } catch {}
    },
    drop() {
      setDraft(null)
      sessionStorage.removeItem(key)
    },
  }
}

function read<T>(key: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null')
  } catch {
    return null
  }
}

// Signing out removes all drafts; a session that expires keeps them.
session.subscribe((state) => {
  if (state.status !== 'signed-out' || state.because !== 'signed-out') return
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key)
  }
})
