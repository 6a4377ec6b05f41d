/**
 * A lock and a channel that the tabs of one browser share. Where a browser lacks them, each tab
 * works alone.
 */

/** Runs `work` while no other tab holds this lock, and passes on whether it had to wait. */
export async function withLock<T>(
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

/** Opens a channel to the other tabs of this origin. */
export function openChannel<Message>(name: string, receive: (message: Message) => void) {
  if (typeof BroadcastChannel === 'undefined') return { send: (_message: Message) => undefined }
  const channel = new BroadcastChannel(name)
  channel.onmessage = (event) => receive(event.data as Message)
  // Node would wait for the channel to close before it ends.
  if ('unref' in channel) (channel.unref as () => void)()
  return { send: (message: Message) => channel.postMessage(message) }
}
