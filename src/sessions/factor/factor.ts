/** The second step of a browser's sign-in. */
import { endpoint, jsonBody } from '../../http/endpoint'
import { problem, problems } from '../../http/problem'
import { browserSessionView, formerSession } from '../cookie'
import { BEARER, browserSignedIn, tooManyAttempts } from '../responses'
import { FIRST_PARTY } from '../rules'
import { SecondFactor } from '../schemas'
import { finishWithCode } from './finish'
import { finishWithPasskey } from './passkey'

export const finishSession = endpoint(
  {
    method: 'post',
    path: '/api/session/factor',
    operationId: 'finishSession',
    summary: 'Complete a sign-in with a second factor; replaces the session of the cookie',
    tags: ['sessions'],
    access: 'anyone',
    sameSite: true,
    limit: 'sign-in',
    request: { body: jsonBody(SecondFactor) },
    responses: {
      200: browserSignedIn,
      ...problems('pending-ended', 'wrong-code', 'passkey-rejected', 'too-many-attempts', 'busy'),
    },
  },
  async (c) => {
    const body = c.req.valid('json')
    const isCode = 'code' in body
    const signIn = {
      token: body.pending_token,
      clientId: FIRST_PARTY,
      replaces: await formerSession(c),
    }
    const result = isCode
      ? await finishWithCode(c, { ...signIn, code: body.code })
      : await finishWithPasskey(c, { ...signIn, credential: body.credential })
    switch (result.kind) {
      case 'signed-in':
        return c.json(browserSessionView(c, result.grant), 200)
      case 'wait-for-code':
        return tooManyAttempts(c, result)
      case 'wrong-proof':
        return problem(c, isCode ? 'wrong-code' : 'passkey-rejected', BEARER)
      case 'ended':
        return problem(c, 'pending-ended', BEARER)
    }
  },
)
