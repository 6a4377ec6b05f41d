/**
 * The page to show after signing in: a path of this origin, else the start page. The path of
 * `/.//evil.example` is `//evil.example`, another origin, so the result is checked as well. A
 * `blob:` URL has the origin of the page that made it, and a URL as its path.
 */
export function safeNext(next: string | undefined): string {
  const { origin } = location
  const url = next?.startsWith('/') && URL.canParse(next, origin) ? new URL(next, origin) : null
  if (url?.origin !== origin) return '/'
  const path = url.pathname + url.search
  return URL.canParse(path, origin) && new URL(path, origin).origin === origin ? path : '/'
}
