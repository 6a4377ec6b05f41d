/** The record of each request: a log line, Server-Timing, and an optional Analytics point. */
import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { AppEnv } from '../context'
import type { Served } from '../db/session'
import { logLine } from '../security/log-line'

/** The value of Server-Timing: D1 round trips and the instance that served them, hash time. */
export function serverTiming(c: Context<AppEnv>): string {
  const { count, ms, served } = c.get('trips')
  const instance =
    served?.region && `, db;desc="${served.region}${served.primary ? '' : ' replica'}"`
  return `d1;dur=${ms.toFixed(1)};desc="trips=${count}", hash;dur=${c.get('hashing').ms.toFixed(1)}${instance ?? ''}`
}

/** Writes the line about a finished request. `ms` is its wall time. */
export function logRequest(c: Context<AppEnv>, ms: number): void {
  const { count, ms: d1Ms, served, repeated } = c.get('trips')
  const route = routeOf(c)
  console.log(
    logLine({
      event: 'request',
      request_id: c.get('requestId'),
      method: c.req.method,
      route,
      status: c.res.status,
      problem: c.get('outcome')?.problem,
      trips: count,
      d1_ms: Math.round(d1Ms),
      hash_ms: Math.round(c.get('hashing').ms),
      ms: Math.round(ms),
      user_id: c.get('caller')?.userId,
      trip_repeated: repeated,
      ...(served && servedEntry(served)),
    }),
  )
  if (c.env.ANALYTICS) writePoint(c, c.env.ANALYTICS, route, ms)
}

const servedEntry = ({ region, primary, rowsRead, rowsWritten }: Served) => ({
  served_by_region: region ?? undefined, // unknown in development
  served_by_primary: primary ?? undefined,
  rows_read: rowsRead,
  rows_written: rowsWritten,
})

/**
 * One point per request. Its positions are documented in docs/operations.md; only append to them.
 * https://developers.cloudflare.com/analytics/analytics-engine/
 */
function writePoint(
  c: Context<AppEnv>,
  analytics: AnalyticsEngineDataset,
  route: string,
  ms: number,
): void {
  const { count, ms: d1Ms, served } = c.get('trips')
  const colo = c.req.raw.cf?.colo
  try {
    analytics.writeDataPoint({
      indexes: [route],
      blobs: [
        route,
        c.req.method,
        `${Math.floor(c.res.status / 100)}xx`,
        c.get('outcome')?.problem ?? '',
        typeof colo === 'string' ? colo : '',
        served?.region ?? '',
      ],
      doubles: [
        ms,
        count,
        d1Ms,
        c.get('hashing').ms,
        served?.rowsRead ?? 0,
        served?.rowsWritten ?? 0,
      ],
    })
  } catch (error) {
    console.error(logLine({ event: 'analytics_failed', error: String(error) }))
  }
}

/**
 * The pattern of the matched route: the first without a wildcard, since `/users/me` also fits
 * `/users/:id`.
 */
const routeOf = (c: Context<AppEnv>) =>
  matchedRoutes(c).find(({ path }) => !path.includes('*'))?.path ?? '/*'
