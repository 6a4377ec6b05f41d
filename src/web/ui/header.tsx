/** The head of every page: where one is, and what one may do. */
import { useEffect, useRef } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { UserPrivate } from '../../client'
import { ApiProblem } from '../../client'
import { session, useSession } from '../gatepost'
import { Avatar, nameOf } from './avatar'
import { say } from './messages'

export function Header() {
  const state = useSession()
  const { path } = useLocation()
  const here = (href: string) => (path === href ? ('page' as const) : undefined)
  return (
    <header>
      <a class="brand" href="/" aria-current={here('/')}>
        <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
          <rect width="32" height="32" rx="7" />
          <path d="M8 26V10l3-4 3 4v16zM16 12h9v3.5h-9zM16 19.5h9V23h-9z" />
        </svg>
        Gatepost
      </a>
      <nav aria-label="Main">
        {state.status === 'signed-in' && <SignedInLinks me={state.user} />}
        {state.status === 'signed-out' && (
          <>
            <a class="link" href="/sign-in" aria-current={here('/sign-in')}>
              Sign in
            </a>
            <a class="button" href="/register" aria-current={here('/register')}>
              Register
            </a>
          </>
        )}
      </nav>
    </header>
  )
}

export async function signOut(): Promise<void> {
  try {
    await session.signOut()
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    say(`Not signed out: ${error.message}`)
  }
}

function SignedInLinks({ me }: { me: UserPrivate }) {
  const menu = useRef<HTMLDetailsElement>(null)
  const { path, route } = useLocation()
  const close = () => {
    menu.current?.removeAttribute('open')
  }
  useEffect(close, [path])
  useEffect(() => {
    const onClick = (event: Event) => {
      if (!menu.current?.contains(event.target as Node)) close()
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !menu.current?.open) return
      close()
      menu.current.querySelector('summary')?.focus()
    }
    addEventListener('click', onClick)
    addEventListener('keydown', onKey)
    return () => {
      removeEventListener('click', onClick)
      removeEventListener('keydown', onKey)
    }
  }, [])
  return (
    <>
      <a class="button" href="/write">
        Write
      </a>
      <details class="menu" ref={menu}>
        <summary>
          <Avatar user={me} />
          <span class="visually-hidden">Menu of {nameOf(me)}</span>
        </summary>
        <div>
          <p>
            <strong>{nameOf(me)}</strong>
            <small>@{me.username}</small>
          </p>
          <a href={`/people/${me.id}`}>Your page</a>
          <a href="/account">Account</a>
          {me.role === 'admin' && <a href="/admin">Admin</a>}
          <button
            type="button"
            onClick={async () => {
              await signOut()
              if (session.state.status === 'signed-out') route('/')
            }}
          >
            Sign out
          </button>
        </div>
      </details>
    </>
  )
}
