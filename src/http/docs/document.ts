/**
 * Serves `/openapi.json`. The build makes the document (scripts/build/document.mjs) and stores it
 * with the static files, so that the Worker carries neither the document nor what makes it.
 */
import type { Context } from 'hono'
import type { AppEnv } from '../../context'
import { problem } from '../problem'
import { PLACEHOLDER_ORIGIN } from './document-origin'

let document: string | undefined

export async function serveDocument(c: Context<AppEnv>) {
  document ??= await readDocument(c)
  if (document === undefined)
    return problem(c, 'misconfigured', {
      detail: 'The static files lack the API document: run npm run build:web and deploy again.',
      retryAfter: 60,
    })
  return c.body(document, 200, {
    'Content-Type': 'application/json',
    'Cache-Control': 'public, max-age=300',
  })
}

/**
 * The document with APP_ORIGIN as its server. For a missing file the assets return the page of the
 * web app. No other route needs the binding, so it may be missing.
 */
async function readDocument(c: Context<AppEnv>): Promise<string | undefined> {
  const assets: Partial<Fetcher> = c.env.ASSETS ?? {}
  const file = await assets.fetch?.(new URL('/openapi.json', PLACEHOLDER_ORIGIN))
  if (!file?.ok || !file.headers.get('Content-Type')?.startsWith('application/json')) return
  return (await file.text()).replaceAll(PLACEHOLDER_ORIGIN, c.get('settings').appOrigin)
}
