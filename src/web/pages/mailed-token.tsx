/** The token of a mailed link, for the pages that such a link opens. */
import { useLayoutEffect, useState } from 'preact/hooks'
import { Page } from '../ui/page'

/**
 * The token in the address. It stands behind the `#`, which no server, log or Referer sees, and
 * leaves the address bar (and the history) before the first paint.
 */
export function useMailedToken(): string {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  useLayoutEffect(() => {
    if (location.hash) history.replaceState(null, '', location.pathname)
  }, [])
  return token
}

interface NoTokenProps {
  title: string
  /** The other way to go on. */
  href: string
  label: string
}

/** The page for an address without a token: it was loaded again, or opened by hand. */
export const NoToken = ({ title, href, label }: NoTokenProps) => (
  <Page title={title} lead="Open the link in the email again.">
    <a class="button" href={href}>
      {label}
    </a>
  </Page>
)
