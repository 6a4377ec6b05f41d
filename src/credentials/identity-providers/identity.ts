/** Redeems the code of a provider for the identity that it states. Its tokens are not kept. */
import * as oauth from 'oauth4webapi'
import type { EmailProof, IdentityProvider } from '../../security/identity-provider-presets'
import { redirectUriOf } from '../../security/identity-provider-settings'
import type { Settings } from '../../settings'
import { Email, Label } from '../schemas'
import { clientAuth } from './client-auth'
import { metadataOf, requestOptions, verifySignature } from './discovery'
import { type FlowFailure, failed, failureOf } from './failure'
import type { Flow } from './flow'
import { readGithubUser } from './github'

/** An account at a provider, as the provider states it. */
export interface ProvenIdentity {
  issuer: string
  subject: string
  email: string | null
  /** Whether the provider has proven the address and is trusted with that. */
  isEmailProven: boolean
  name: string | null
}

/** The statements of a provider, unchecked. */
export interface Claims {
  sub?: unknown
  email?: unknown
  email_verified?: unknown
  name?: unknown
}

export type Redeemed = { kind: 'proven'; identity: ProvenIdentity } | FlowFailure

/** The parameters of the response that the protocol knows. */
export interface CallbackParameters {
  code?: string | undefined
  state?: string | undefined
  iss?: string | undefined
  error?: string | undefined
  /** Only Apple sends it, and only at the first sign-in: a JSON text with the name. */
  user?: string | undefined
}

/**
 * Checks the response of a provider, redeems its code and verifies the identity. The caller has
 * compared `state` with the one of the flow.
 */
export async function redeemCode(
  { settings, now }: { settings: Settings; now: Date },
  provider: IdentityProvider,
  flow: Flow,
  { code, state, iss, error: refusal, user }: CallbackParameters,
): Promise<Redeemed> {
  try {
    const metadata = await metadataOf(provider, now)
    const client: oauth.Client = { client_id: provider.clientId }
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries({ code, state, iss, error: refusal }))
      if (value) parameters.set(name, value)
    const response = await oauth.authorizationCodeGrantRequest(
      metadata,
      client,
      await clientAuth(provider, metadata, now),
      oauth.validateAuthResponse(metadata, client, parameters, flow.state),
      redirectUriOf(settings.appOrigin, provider.name),
      flow.verifier,
      requestOptions(provider),
    )
    const claims =
      provider.protocol === 'github'
        ? await readGithubUser(await githubToken(metadata, client, response))
        : await readClaims(provider, metadata, client, flow, response)
    const name = claims.name ?? (provider.apple && readAppleName(user))
    return viewClaims(provider, { ...claims, name })
  } catch (error) {
    return failureOf(error)
  }
}

async function githubToken(
  metadata: oauth.AuthorizationServer,
  client: oauth.Client,
  response: Response,
): Promise<string> {
  const tokens = await oauth.processAuthorizationCodeResponse(metadata, client, response)
  return tokens.access_token
}

/** The claims of the ID token, and of the UserInfo endpoint if the token has no address. */
async function readClaims(
  provider: IdentityProvider,
  metadata: oauth.AuthorizationServer,
  client: oauth.Client,
  { nonce }: Flow,
  response: Response,
): Promise<Claims> {
  const tokens = await oauth.processAuthorizationCodeResponse(metadata, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  // The library requires the response object that it has processed.
  await verifySignature(provider, metadata, response)
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  if (!claims || claims.email !== undefined || !metadata.userinfo_endpoint) return { ...claims }
  const options = requestOptions(provider)
  const token = tokens.access_token
  const more = await oauth.userInfoRequest(metadata, client, token, options)
  const userInfo = await oauth.processUserInfoResponse(metadata, client, claims.sub, more)
  // `email_verified` is about the address beside it, so both come from one response.
  const { email, email_verified } = userInfo
  return { sub: claims.sub, name: claims.name ?? userInfo.name, email, email_verified }
}

/** The name in `{"name":{"firstName":"Ann","lastName":"Example"}}`, unchecked. */
function readAppleName(user: string | undefined): unknown {
  try {
    const { firstName, lastName } = JSON.parse(user ?? '').name
    return [firstName, lastName].filter((part) => typeof part === 'string').join(' ')
  } catch {
    return undefined
  }
}

/** At most 255 ASCII characters (OpenID Connect Core §2). */
const SUBJECT = /^[\x20-\x7e]{1,255}$/

function viewClaims({ issuer, emailProof }: IdentityProvider, claims: Claims): Redeemed {
  const { sub: subject } = claims
  if (typeof subject !== 'string' || !SUBJECT.test(subject))
    return failed('identity-rejected', 'invalid subject')
  const email = Email.safeParse(claims.email).data ?? null
  const isEmailProven = email !== null && isProof(emailProof, claims.email_verified)
  const name = Label.safeParse(claims.name).data || null
  return { kind: 'proven', identity: { issuer, subject, email, isEmailProven, name } }
}

/** Whether the claim `email_verified` proves the address. */
function isProof(emailProof: EmailProof, claim: unknown): boolean {
  switch (emailProof) {
    case 'never':
      return false
    case 'claim':
      return claim === true
    case 'claim-or-text':
      return claim === true || claim === 'true'
  }
}
