/** Acme, an OpenID provider on this machine: `oidc-provider`, and the ways in which it can fail. */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import Provider from 'oidc-provider'
import type { BrowserContext, Page } from 'playwright-core'
import { ORIGIN } from './browser.ts'
import { newName } from './people.ts'

const { issuer, client_id, client_secret } = JSON.parse(process.env.GATEPOST_ACME ?? '{}')

/** A user of Acme: the login, which is the subject, and what Acme states about it. */
export interface Member {
  login: string
  email: string
  email_verified: boolean
}
const members = new Map<string, Member>()

export function member(more: Partial<Member> = {}): Member {
  const login = newName('acme')
  const made = { login, email: `${login}@acme.example`, email_verified: true, ...more }
  members.set(login, made)
  return made
}

function newProvider(): RequestListener {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomUUID(),
    alg: 'ES256',
    use: 'sig',
  }
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id,
        client_secret,
        redirect_uris: [`${ORIGIN}/api/identity-providers/acme/callback`],
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [key] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: [randomUUID()] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `Member ${id}`, ...members.get(id) }),
    }),
  })
  return provider.callback()
}

/** The failure of requests for tokens. */
type Failure = 'none' | 'down' | 'slow' | 'broken'

export async function startAcme() {
  let answer = newProvider()
  let failure: Failure = 'none'
  let isByForm = false
  const server = createServer((request, response) => {
    if (isByForm && request.url?.startsWith('/auth?')) request.url += '&response_mode=form_post'
    if (failure === 'none' || !request.url?.startsWith('/token')) return answer(request, response)
    if (failure === 'down') return void request.socket.destroy()
    // Longer than the five seconds that the Worker waits.
    if (failure === 'slow') return void setTimeout(() => response.end('{}'), 7000)
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Welcome to our hotel</h1>')
  })
  await new Promise<void>((done) => server.listen(Number(new URL(issuer).port), '127.0.0.1', done))
  return {
    fail: (how: Failure) => {
      failure = how
    },
    /** Responds as Apple does: by a form that the browser sends to the service. */
    respondByForm: (isOn: boolean) => {
      isByForm = isOn
    },
    /** Signs with another key from now on. */
    rotateKeys: () => {
      answer = newProvider()
    },
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** Signs in at Acme and agrees, on the pages of Acme. */
export async function agree(page: Page, { login }: Member) {
  await page.getByPlaceholder('Enter any login').fill(login)
  await page.getByPlaceholder('and password').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** Signs the browser out of Acme. */
export const leaveAcme = (context: BrowserContext) => context.clearCookies({ domain: '127.0.0.1' })
