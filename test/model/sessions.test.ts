/**
 * Random histories of accounts and sessions against the Worker: every status, the life of every
 * token and the number of sessions are those of the model. A failure shrinks to a short history,
 * and prints the seed that repeats it. `npm run test:model -- --runs 20000` runs more of them.
 */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { catchMails } from '../support/mailbox'
import { me } from '../support/sign-in'
import { admin, signIn } from '../support/users'
import { begin, histories, type Service } from './commands'
import { Model } from './model'

catchMails()
afterEach(() => void vi.useRealTimers())

const RUNS = Number(env.MODEL_RUNS)

async function startService(): Promise<Service> {
  const root = await admin()
  let token = root.token
  return {
    async adminToken() {
      if ((await me(token)).status !== 200) token = (await signIn(root.email)).token
      return token
    },
  }
}

/** Every token that was ever received is as alive as the model says. */
async function expectTokens(model: Model) {
  for (const token of model.accessTokens)
    expect((await me(token.text)).status, token.session.id).toBe(model.accessStatus(token))
  for (const user of model.users) {
    const rows = await env.DB.prepare(
      'select count(*) as n from sessions where user_id = ? and expires_at > ?',
    )
      .bind(user.id, model.now)
      .first<number>('n')
    expect(rows, `sessions of ${user.username}`).toBe(model.liveSessions(user).length)
  }
}

it(`${RUNS} random histories of accounts and sessions agree with the model`, async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const service = await startService()
  const property = fc.asyncProperty(histories, async (history) => {
    const model = new Model(Date.now())
    await begin(model)
    await fc.asyncModelRun(() => ({ model, real: service }), history)
    await expectTokens(model)
  })
  await fc.assert(property, { numRuns: RUNS, verbose: 1, endOnFailure: false })
}, 3_600_000)
