// @ts-check
// The questions of a deploy: asked on a terminal, elsewhere a Failure that names the option.
import { Failure } from '../failure.mjs'
import { ask, choose, isInteractive, locationNear } from './ask.mjs'
import { JURISDICTIONS, LOCATIONS, parseOptions } from './options.mjs'

/** @param {AbortSignal} signal */
export const pickAccount = (signal) => (/** @type {{ id: string, name: string }[]} */ accounts) => {
  const [first] = accounts
  const choices = Object.fromEntries(accounts.map(({ id, name }) => [id, name]))
  return choose('Which account?', choices, String(first?.id), (text) => ask(text, signal))
}

/**
 * The subdomain to register for an account that has none; null when a route makes it unnecessary.
 * @param {import('../project.mjs').Project} project
 * @param {import('./options.mjs').Options} options
 * @param {AbortSignal} signal
 */
export async function pickSubdomain({ hosts }, { subdomain }, signal) {
  if (hosts.length > 0) return null
  if (subdomain) return subdomain
  if (!isInteractive())
    throw new Failure(
      'The account has no workers.dev subdomain yet, so the Worker would have no address.',
      'npm run deploy -- --subdomain=NAME registers NAME.workers.dev for the account; or add a route to wrangler.toml',
    )
  const name = await ask(
    'The account has no workers.dev subdomain yet. Its name (NAME.workers.dev): ',
    signal,
  )
  return parseOptions(['--subdomain', name]).subdomain ?? null
}

/**
 * Where a new database lives.
 * @param {import('./options.mjs').Options} options
 * @param {AbortSignal} signal
 * @returns {Promise<{ location?: string, jurisdiction?: string }>}
 */
export async function pickPlace({ location, jurisdiction }, signal) {
  if (location) return { location }
  if (jurisdiction) return { jurisdiction }
  if (process.env.WORKERS_CI) return {} // the deploy button asks no questions: Cloudflare chooses
  if (!isInteractive())
    throw new Failure(
      'The database does not exist yet, and it cannot be moved later: choose its place.',
      `npm run deploy -- --location=${locationNear(Intl.DateTimeFormat().resolvedOptions().timeZone)}, or --jurisdiction=eu; npm run deploy -- --help lists the places`,
    )
  const near = locationNear(Intl.DateTimeFormat().resolvedOptions().timeZone)
  const choices = { ...LOCATIONS, ...JURISDICTIONS }
  const question = 'Where does the database live? It cannot be moved later.'
  const picked = await choose(question, choices, near, (text) => ask(text, signal))
  return Object.hasOwn(JURISDICTIONS, picked) ? { jurisdiction: picked } : { location: picked }
}
