/** The built Worker on a port of this machine, and browsers that talk to it. */
import { bundleEntry } from '../../bench/build.mjs'
import { start } from '../../bench/server.mjs'
import { type Client, createClient, type StorageKind } from '../../src/client'

export const PASSWORD = 'correct horse battery staple'

const built = () => bundleEntry('src/index.ts', 'gatepost-client-test')

export async function startWorker(bindings: Record<string, string> = {}) {
  const { url, stop, db } = await start(await built(), { bindings })
  return { url: url.origin, stop, db }
}

let count = 0
export function newPerson() {
  const username = `ann${process.pid}x${count++}`
  return { username, email: `${username}@example.com`, password: PASSWORD }
}

/**
 * A browser that knows the Worker by an origin of its own, so that its tabs share their lock and
 * their channel with no other browser of this process.
 */
export function openBrowser(url: string, storage: StorageKind) {
  const id = count++
  const origin = `http://browser-${id}.test`
  const jar = new Map<string, string>()
  const requests: string[] = []
  async function fetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const { pathname, search } = new URL(String(input))
    const headers = new Headers(init.headers)
    headers.set('CF-Connecting-IP', `2001:db8:c:${id.toString(16)}::1`)
    if (init.credentials === 'include')
      headers.set('Cookie', [...jar].map((pair) => pair.join('=')).join('; '))
    requests.push(`${init.method ?? 'GET'} ${pathname}`)
    const response = await globalThis.fetch(url + pathname + search, { ...init, headers })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value) jar.set(name, value)
      else jar.delete(name)
    }
    return response
  }
  return {
    origin,
    jar,
    /** The requests sent since the last call. */
    sent: () => requests.splice(0),
    tab: (): Client => createClient({ origin, fetch, storage }),
  }
}

type Status = Client['session']['state']['status']

/** Resolves once the session has this status, in any tab a message later. */
export const until = ({ session }: Client, status: Status) =>
  new Promise<void>((done) => {
    const look = () => session.state.status === status && done()
    session.subscribe(look)
    look()
  })
