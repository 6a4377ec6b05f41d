/** Where a browser goes after a flow that left the site. */

/** Maximum length, in characters. The path is part of the sealed flow, which a cookie holds. */
const MAX_LENGTH = 500

/**
 * The requested path of `origin`, or `/`. The path of `/.//evil.example` is `//evil.example`,
 * another origin, so the result is checked as well. A `blob:` URL has the origin of the page that
 * made it, and a URL as its path.
 */
export function safeNext(next: string | undefined, origin: string): string {
  if (!next?.startsWith('/') || next.length > MAX_LENGTH || !URL.canParse(next, origin)) return '/'
  const url = new URL(next, origin)
  const path = url.pathname + url.search
  const isOwn = url.origin === origin && path.length <= MAX_LENGTH
  return isOwn && URL.canParse(path, origin) && new URL(path, origin).origin === origin ? path : '/'
}
