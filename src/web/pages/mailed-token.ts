import { useEffect, useState } from 'preact/hooks'

/**
 * The token of a mailed link. It stands behind the `#`, which no server, log or Referer sees, and
 * leaves the address bar (and the history) at once.
 */
export function useMailedToken(): string {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  useEffect(() => {
    if (location.hash) history.replaceState(null, '', location.pathname)
  }, [])
  return token
}
