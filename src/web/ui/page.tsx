/**
 * The parts of every page: a title, a heading that takes the focus, a scroll position that is
 * restored, and problems with a way to retry.
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useErrorBoundary, useLayoutEffect, useRef } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { ApiProblem, UserPrivate } from '../../client'
import { session, useSession } from '../gatepost'
import { explain } from './explain'

let isFirstPage = true

interface PageProps {
  title: string
  /** Beside the heading: what can be done here. */
  actions?: ComponentChildren
  /** Under the heading. */
  lead?: ComponentChildren
  /** For a heading that is seen elsewhere already. */
  quiet?: boolean
  children?: ComponentChildren
}

/**
 * Its heading takes the focus when one comes from another page, so that a screen reader goes on
 * from there.
 */
export function Page({ title, actions, lead, quiet = false, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  const { path } = useLocation()
  // In the same frame as the heading: the history entry and screen readers use the title at once.
  useLayoutEffect(() => {
    document.title = title === 'Gatepost' ? title : `${title} · Gatepost`
  }, [title])
  useEffect(() => {
    if (!isFirstPage) heading.current?.focus({ preventScroll: true })
    isFirstPage = false
  }, [path])
  return (
    <>
      <div class={quiet ? 'visually-hidden' : 'page-head'}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {actions}
      </div>
      {lead && <p class="lead">{lead}</p>}
      {children}
    </>
  )
}

/** Keeps the scroll position of each address for the time when one comes back to it. */
export function useScrollMemory() {
  const { url, wasPush } = useLocation() as ReturnType<typeof useLocation> & { wasPush: boolean }
  const positions = useRef(new Map<string, number>())
  const shown = useRef(url)
  useEffect(() => {
    history.scrollRestoration = 'manual'
    const remember = () => positions.current.set(shown.current, scrollY)
    addEventListener('scroll', remember, { passive: true })
    return () => removeEventListener('scroll', remember)
  }, [])
  useLayoutEffect(() => {
    shown.current = url
    if (wasPush) return
    // The page's own effects come first: a cached list is there by then.
    requestAnimationFrame(() => scrollTo(0, positions.current.get(url) ?? 0))
  }, [url, wasPush])
}

/** Shows a problem with a way to try again. */
export function Trouble({ problem, again }: { problem: ApiProblem; again?: () => void }) {
  return (
    <div class="notice danger" role="alert">
      <p>
        <strong>{problem.title}.</strong> {explain(problem)}
      </p>
      {again && (
        <button type="button" class="quiet" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Something on its way. Says nothing for a moment, since most things arrive within it. */
export const Waiting = ({ what = 'Loading' }: { what?: string }) => (
  <p class="waiting" aria-busy="true">
    {what}…
  </p>
)

/** For pages that need a person: others are sent to sign in, and come back afterwards. */
export function SignedIn({ children }: { children: (me: UserPrivate) => ComponentChildren }) {
  const state = useSession()
  const { url, route } = useLocation()
  const isOut = state.status === 'signed-out' && state.because !== 'unreachable'
  useEffect(() => {
    // This page stays, at the new address, until the script of the next one has loaded.
    if (isOut && !url.startsWith('/sign-in?'))
      route(`/sign-in?next=${encodeURIComponent(url)}`, true)
  }, [isOut, url, route])
  if (state.status === 'signed-in') return <>{children(state.user)}</>
  if (state.status === 'signed-out' && state.because === 'unreachable') {
    return (
      <Page title="No connection" lead="The server cannot be reached.">
        <button type="button" onClick={() => session.start()}>
          Try again
        </button>
      </Page>
    )
  }
  return <Waiting />
}

/** Shown when a page throws: the address is malformed, or the code has a bug. */
export function Crashed({ children }: { children: ComponentChildren }) {
  const [error, reset] = useErrorBoundary((e) => console.error(e))
  if (!error) return <>{children}</>
  return (
    <Page title="Something went wrong" lead="This page cannot be displayed.">
      <a
        href="/"
        onClick={() => {
          reset()
        }}
      >
        Back to home
      </a>
    </Page>
  )
}
