/** `gatepost-client/react`: the session as a hook. */
import { useEffect, useSyncExternalStore } from 'react'
import type { Client, SessionState } from './index'

/** The state of the session, followed through every change in any tab. Starts the session. */
export function useSession({ session }: Pick<Client, 'session'>): SessionState {
  useEffect(() => {
    void session.start()
  }, [session])
  const read = () => session.state
  return useSyncExternalStore(session.subscribe, read, read)
}
