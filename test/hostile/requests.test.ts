// Hostile requests: a response that the API document has, never a 5xx, never a hang.
import { expect, it } from 'vitest'
import { call } from '../support/client'
import { apiDocument } from '../support/openapi'
import { freshName, register, signIn } from '../support/users'
import { type Hostile, hostileRequests } from './corpus'
import type { Api } from './targets'

/** The test sends one request of this number; `npm run test:hostile` sends all. */
const STRIDE = 61
const HANG_MS = 5000

/** Sends a request; null if `fetch` cannot send it. */
async function send({ method, path, headers, body }: Hostile, token: string | undefined) {
  try {
    new Request(new URL(path, 'http://localhost'), { method, headers })
  } catch {
    return null
  }
  const length = body && { 'Content-Length': String(new Blob([body]).size) }
  return call(method, path, { token, headers: { ...length, ...headers }, ...(body && { body }) })
}

it(`answers hostile requests, one in ${STRIDE}, without a 5xx, a hang or an undocumented answer`, async () => {
  const someone = await register('mallory', `${freshName()} only she knows`)
  const { token } = await signIn(someone.email, someone.password)
  const api = (await apiDocument()) as unknown as Api
  const faults: string[] = []
  let sent = 0
  for (const [n, hostile] of [...hostileRequests(api)].entries()) {
    if (n % STRIDE !== 0 || hostile.raw) continue
    const start = performance.now()
    const line = `${hostile.about}: ${hostile.method} ${hostile.path.slice(0, 100)} ${String(hostile.body).slice(0, 100)}`
    try {
      const answer = await send(hostile, n % 5 === 0 ? undefined : token)
      if (!answer) continue
      sent++
      await answer.arrayBuffer()
      if (answer.status >= 500) faults.push(`${answer.status} ${line}`)
    } catch (error) {
      faults.push(`${line}\n${String(error).slice(0, 600)}`)
    }
    if (performance.now() - start > HANG_MS) faults.push(`hang ${line}`)
  }
  expect(faults.slice(0, 20)).toEqual([])
  expect(sent).toBeGreaterThan(400)
}, 60_000)
