/** GitHub, Microsoft and Apple as their documentation describes them, for tests. */
import { base64url } from 'jose'
import { expect } from 'vitest'
import {
  answerAt,
  CLIENT_SECRET,
  type Claims,
  challengeOf,
  formOf,
  json,
  newKeyPair,
  type SigningKey,
  signingKey,
  signJwt,
} from './identity-provider'

/** The codes that a provider has issued, with the user of each. */
function codes() {
  const issued = new Map<string, { claims: Claims; nonce: string | null; challenge: string }>()
  return {
    issue(location: string, claims: Claims): Record<string, string> {
      const { searchParams: asked } = new URL(location)
      const code = crypto.randomUUID()
      const challenge = asked.get('code_challenge') ?? ''
      issued.set(code, { claims, nonce: asked.get('nonce'), challenge })
      return { code, state: asked.get('state') ?? '' }
    },
    /** The user of the code in a token request, once, if the verifier is right. */
    async redeem(form: URLSearchParams) {
      const code = form.get('code') ?? ''
      const found = issued.get(code)
      issued.delete(code)
      const challenge = await challengeOf(form.get('code_verifier') ?? '')
      return found?.challenge === challenge ? found : undefined
    },
  }
}

export interface GithubUser {
  id: number
  login: string
  name: string | null
  /** The public address, which is often hidden. */
  email: string | null
  emails: { email: string; primary: boolean; verified: boolean }[]
}

/** Has no discovery and no ID token. Its errors have the status 200. */
export function github() {
  const client_id = 'Iv1.0123456789abcdef'
  const { issue, redeem } = codes()
  const tokens = new Map<string, GithubUser>()
  answerAt('https://github.com', async (request) => {
    expect(new URL(request.url).pathname).toBe('/login/oauth/access_token')
    expect(request.headers.get('Accept')).toBe('application/json')
    const form = await formOf(request)
    expect([form.get('client_id'), form.get('client_secret')]).toEqual([client_id, CLIENT_SECRET])
    const found = await redeem(form)
    if (!found) return json({ error: 'bad_verification_code', error_description: 'expired.' })
    const access_token = `gho_${crypto.randomUUID()}`
    tokens.set(`Bearer ${access_token}`, found.claims as unknown as GithubUser)
    return json({ access_token, scope: 'read:user,user:email', token_type: 'bearer' })
  })
  answerAt('https://api.github.com', (request) => {
    expect(request.headers.get('User-Agent')).toBe('gatepost')
    const user = tokens.get(request.headers.get('Authorization') ?? '')
    if (!user) return json({ message: 'Bad credentials' }, 401)
    const { emails, ...profile } = user
    return json(new URL(request.url).pathname === '/user' ? profile : emails)
  })
  return {
    entry: { github: { client_id } },
    secrets: { PROVIDER_GITHUB_SECRET: CLIENT_SECRET },
    authorize: (location: string, user: GithubUser) => issue(location, user as unknown as Claims),
  }
}

export const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'

/** One tenant of Entra. Its address is whatever an administrator entered. */
export async function microsoft() {
  const client_id = crypto.randomUUID()
  const { issue, redeem } = codes()
  const key = await signingKey()
  const base = `https://login.microsoftonline.com/${TENANT}`
  const issuer = `${base}/v2.0`
  let tampering: Claims = {}
  answerAt('https://login.microsoftonline.com', async (request) => {
    switch (new URL(request.url).pathname) {
      case `/${TENANT}/v2.0/.well-known/openid-configuration`:
        return json({
          issuer,
          authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
          token_endpoint: `${base}/oauth2/v2.0/token`,
          jwks_uri: `${base}/discovery/v2.0/keys`,
          token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
          id_token_signing_alg_values_supported: ['RS256', 'ES256'],
        })
      case `/${TENANT}/discovery/v2.0/keys`:
        return json({ keys: [key.publicJwk] })
      case `/${TENANT}/oauth2/v2.0/token`: {
        const found = await redeem(await formOf(request))
        if (!found) return json({ error: 'invalid_grant', error_codes: [54005] }, 400)
        const now = Math.floor(Date.now() / 1000)
        const claims = { iss: issuer, aud: client_id, iat: now, exp: now + 3600, tid: TENANT }
        const all = { ...claims, nonce: found.nonce, ver: '2.0', ...found.claims, ...tampering }
        return json({
          token_type: 'Bearer',
          expires_in: 3599,
          access_token: 'eyJ0',
          id_token: await signJwt(key, all),
        })
      }
      default:
        return json({}, 404)
    }
  })
  return {
    entry: { microsoft: { client_id, tenant: TENANT } },
    secrets: { PROVIDER_MICROSOFT_SECRET: CLIENT_SECRET },
    authorize: issue,
    tamper: (claims: Claims) => {
      tampering = claims
    },
  }
}

/** Responds with a form, and takes a JWT of the team's key as client secret. */
export async function apple() {
  const client_id = 'com.example.gatepost'
  const team = 'ABCDE12345'
  const keyId = 'FGHIJ67890'
  const { issue, redeem } = codes()
  const key: SigningKey = await signingKey()
  const pair = await newKeyPair()
  const pkcs8 = (await crypto.subtle.exportKey('pkcs8', pair.privateKey)) as ArrayBuffer
  const secrets: string[] = []
  const issuer = 'https://appleid.apple.com'

  async function isClient(secret: string): Promise<boolean> {
    secrets.push(secret)
    const [header = '', claims = '', signature = ''] = secret.split('.')
    const decode = (text: string) => JSON.parse(new TextDecoder().decode(base64url.decode(text)))
    const { iss, sub, aud, iat, exp } = decode(claims)
    expect(decode(header)).toEqual({ alg: 'ES256', kid: keyId })
    expect([iss, sub, aud, exp - iat]).toEqual([team, client_id, issuer, 300])
    return crypto.subtle.verify(
      { name: 'ECDSA', hash: 'SHA-256' },
      pair.publicKey,
      base64url.decode(signature).slice(),
      new TextEncoder().encode(`${header}.${claims}`),
    )
  }

  answerAt(issuer, async (request) => {
    switch (new URL(request.url).pathname) {
      case '/.well-known/openid-configuration':
        return json({
          issuer,
          authorization_endpoint: `${issuer}/auth/authorize`,
          token_endpoint: `${issuer}/auth/token`,
          jwks_uri: `${issuer}/auth/keys`,
          token_endpoint_auth_methods_supported: ['client_secret_post'],
          id_token_signing_alg_values_supported: ['ES256'],
        })
      case '/auth/keys':
        return json({ keys: [key.publicJwk] })
      case '/auth/token': {
        const form = await formOf(request)
        if (!(await isClient(form.get('client_secret') ?? '')))
          return json({ error: 'invalid_client' }, 400)
        const found = await redeem(form)
        if (!found) return json({ error: 'invalid_grant' }, 400)
        const now = Math.floor(Date.now() / 1000)
        const claims = { iss: issuer, aud: client_id, iat: now, exp: now + 86_400 }
        const all = { ...claims, nonce: found.nonce, nonce_supported: true, ...found.claims }
        const id_token = await signJwt(key, all)
        return json({ access_token: 'a', token_type: 'Bearer', expires_in: 3600, id_token })
      }
      default:
        return json({}, 404)
    }
  })
  const base64 = btoa(String.fromCharCode(...new Uint8Array(pkcs8)))
  return {
    entry: { apple: { client_id, team, key_id: keyId } },
    secrets: {
      PROVIDER_APPLE_SECRET: `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----`,
    },
    /** The client secrets that were presented. */
    presented: secrets,
    authorize: issue,
  }
}
