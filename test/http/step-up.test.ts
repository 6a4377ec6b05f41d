import { Hono } from 'hono'
import { expect, it } from 'vitest'
import type { AppEnv } from '../../src/context'
import { type StepUp, StepUpRequired } from '../../src/db/session-guard'
import { onError } from '../../src/http/errors'

const challengeFor = async (required: StepUp) => {
  const app = new Hono<AppEnv>()
  app.onError(onError)
  app.get('/', () => {
    throw new StepUpRequired(required)
  })
  const response = await app.request('/')
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ type: '/problems/step-up-required' })
  return response.headers.get('WWW-Authenticate')
}

it('any route → 401 step-up-required with the challenge of RFC 9470', async () => {
  const start = 'Bearer realm="gatepost", error="insufficient_user_authentication"'
  expect(await challengeFor({ fresh: 300, acr: 'mfa' })).toBe(
    `${start}, acr_values="mfa phr", max_age="300"`,
  )
  expect(await challengeFor({ acr: 'phr' })).toBe(`${start}, acr_values="phr"`)
  expect(await challengeFor({ fresh: 0 })).toBe(`${start}, max_age="0"`)
  expect(await challengeFor({ fresh: 60, acr: 'enrolled' })).toBe(
    `${start}, acr_values="mfa phr", max_age="60"`,
  )
})
