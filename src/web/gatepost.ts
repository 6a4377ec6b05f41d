/** The one client of these pages, and what components see of it. */
import { useEffect, useState } from 'preact/hooks'
import { cookieHint, createClient, type SessionState, type UserPrivate } from '../client'

export const gatepost = createClient({ hint: cookieHint() })
export const { session } = gatepost

/** The state of the session; follows every change in any tab. */
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
