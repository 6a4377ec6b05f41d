/** `gatepost-client/vue`: the session as a composable. */
import { getCurrentScope, onScopeDispose, type ShallowRef, shallowReadonly, shallowRef } from 'vue'
import type { Client, SessionState } from './index'

/** The state of the session, followed through every change in any tab. Starts the session. */
export function useSession({
  session,
}: Pick<Client, 'session'>): Readonly<ShallowRef<SessionState>> {
  const state = shallowRef(session.state)
  const unsubscribe = session.subscribe((next) => {
    state.value = next
  })
  if (getCurrentScope()) onScopeDispose(unsubscribe)
  void session.start()
  return shallowReadonly(state)
}
