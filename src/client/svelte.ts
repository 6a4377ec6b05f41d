/** `gatepost-client/svelte`: the session as a store. */
import type { Client, SessionState } from './index'

/** A readable store of Svelte, as far as `$session` needs it. */
export interface SessionStore {
  subscribe(run: (state: SessionState) => void): () => void
}

/** The state of the session, followed through every change in any tab. Starts the session. */
export const sessionStore = ({ session }: Pick<Client, 'session'>): SessionStore => ({
  subscribe(run) {
    run(session.state)
    const unsubscribe = session.subscribe(run)
    void session.start()
    return unsubscribe
  },
})
