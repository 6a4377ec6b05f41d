/** Parameters in the address of a page, at the end of a flow that left the site. */
import { useLayoutEffect, useState } from 'preact/hooks'

/**
 * The parameters of the query and of the fragment that have these names, as they were when the page
 * was shown; '' for a missing one. They leave the address bar before the first paint, so that a
 * reload and the history do not repeat them. A fragment reaches no server, log or Referer, and
 * leaves as a whole.
 */
export function useArrival<K extends string>(...names: K[]): Record<K, string> {
  const [values] = useState(() => {
    const query = new URLSearchParams(location.search)
    const fragment = new URLSearchParams(location.hash.slice(1))
    const entries = names.map((name) => [name, query.get(name) ?? fragment.get(name) ?? ''])
    return Object.fromEntries(entries) as Record<K, string>
  })
  useLayoutEffect(() => {
    const query = new URLSearchParams(location.search)
    for (const name of names) query.delete(name)
    const search = query.size > 0 ? `?${query}` : ''
    if (location.hash || search !== location.search)
      history.replaceState(history.state, '', location.pathname + search)
    // Once: these are the parameters of the arrival.
  }, [])
  return values
}
