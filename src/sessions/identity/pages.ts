/** The pages of the web app that a flow at an identity provider ends on. Pure. */
import type { ProblemCode } from '../../http/problem-catalog'
import type { Pending } from '../start/pending'

type Values = Record<string, string | null | undefined>

/** The values after `sign`; nothing if all are absent. */
function encode(sign: '?' | '#', values: Values): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value) given.set(name, value)
  return given.size > 0 ? `${sign}${given}` : ''
}

/** A fragment reaches no server and no log. */
const pathOf = (path: string, query: Values, fragment: Values = {}) =>
  path + encode('?', query) + encode('#', fragment)

/** `next` is left out where it is the default. */
const nextOf = (next: string | undefined) => (next === '/' ? undefined : next)

/** The sign-in page, with the problem that it shows. */
export const signInProblemPage = (
  problem: ProblemCode,
  { provider, next }: { provider?: string; next?: string },
) => pathOf('/sign-in', { problem, provider, next: nextOf(next) })

/** The sign-in page, which asks for the second factor. */
export const secondFactorPage = ({ token, methods, expiresIn }: Pending, next: string) =>
  pathOf(
    '/sign-in',
    { next: nextOf(next) },
    { pending: token, methods: methods.join(' '), expires_in: String(expiresIn) },
  )

/** The page that asks a new user for a username. Its fields begin with the claims. */
export const welcomePage = (of: {
  registration: string
  provider: string
  email: string | null
  isEmailProven: boolean
  name: string | null
  next: string
}) =>
  pathOf(
    '/welcome',
    {},
    {
      registration: of.registration,
      provider: of.provider,
      email: of.email,
      email_verified: String(of.isEmailProven),
      name: of.name,
      next: nextOf(of.next),
    },
  )

/** The account page, with the result of a connection. */
export const linkedPage = (provider: string) => pathOf('/account/security', { linked: provider })
export const linkProblemPage = (problem: ProblemCode, provider: string) =>
  pathOf('/account/security', { problem, provider })
