/** The one client of these pages, and what components see of it. */
import { useEffect, useState } from 'preact/hooks'
import { createClient } from '../client/client'
import type { SessionState } from '../client/session'
import type { UserPrivate } from '../user'

const HINT = 'signed-in'

/**
 * That there may be a session is remembered in a cookie of one bit, so that visitors cause no needless 401. A browser that
 * drops it early (Safari after a week without a visit) only asks for the password again.
 */
const hint = {
  read: () => document.cookie.split('; ').includes(`${HINT}=1`),
  write(mayBeSignedIn: boolean) {
    const age = mayBeSignedIn ? 90 * 24 * 3600 : 0
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is younger than many browsers
    document.cookie = `${HINT}=1; Path=/; SameSite=Lax; Max-Age=${age}`
  },
}

export const gatepost = createClient({ hint })
export const { api, open, session } = gatepost

/** Who is signed in, followed through every change in any tab. */
export function useSession(): SessionState {
  const [state, setState] = useState(session.state)
  useEffect(() => {
    setState(session.state) // it may have changed between rendering and here
    return session.subscribe(setState)
  }, [])
  return state
}

/** The person who is signed in, or null. */
export function useMe(): UserPrivate | null {
  const state = useSession()
  return state.status === 'signed-in' ? state.user : null
}
