/** What the tabs of one browser share: a lock, and news. Without them each tab works for itself. */

/** Runs `work` while no other tab runs any under this name, and tells it whether it had to wait. */
export async function exclusively<T>(
  name: string,
  work: (hasWaited: boolean) => Promise<T>,
): Promise<T> {
  const locks = globalThis.navigator?.locks
  // Plain http in a local network has no locks, and a sandboxed frame may not use them. Such tabs
  // rely on the server: for 10 seconds it gives two tabs the same next refresh token.
  if (!locks || globalThis.origin === 'null') return work(false)
  const atOnce = await locks.request(
    name,
    { ifAvailable: true },
    async (lock) => lock && { result: await work(false) },
  )
  if (atOnce) return atOnce.result
  return (await locks.request(name, () => work(true))) as T
}

export interface News<Message> {
  tell(message: Message): void
}

/** Hears what other tabs of this origin tell. */
export function listen<Message>(name: string, hear: (message: Message) => void): News<Message> {
  if (typeof BroadcastChannel === 'undefined') return { tell: () => undefined }
  const channel = new BroadcastChannel(name)
  channel.onmessage = (event) => hear(event.data as Message)
  // Node would wait for the channel to close before it ends.
  if ('unref' in channel) (channel.unref as () => void)()
  return { tell: (message) => channel.postMessage(message) }
}
