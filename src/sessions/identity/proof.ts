/**
 * The proof of an identity whose account is yet to be created: sealed, in the fragment of the page
 * that asks for a username. It works once, for 15 minutes, in the browser that it was made for.
 */
import { z } from '@hono/zod-openapi'
import type { AppContext } from '../../context'
import { flowCookie } from '../../credentials/identity-providers/cookie'
import type { ProvenIdentity } from '../../credentials/identity-providers/identity'
import type { UsedToken } from '../../credentials/proof'
import { sha256Base64url } from '../../security/digest'
import type { IdentityProvider } from '../../security/identity-provider-presets'
import { openFlow, sealFlow } from '../../security/sealed-flow'
import { randomId } from '../../security/secret-token'

const REGISTRATION_SECONDS = 15 * 60

const Registration = z.object({
  provider: z.string(),
  /** The value of the browser's cookie. A link of an attacker brings no cookie. */
  browser: z.string(),
  identity: z.object({
    issuer: z.string(),
    subject: z.string(),
    email: z.string().nullable(),
    isEmailProven: z.boolean(),
    name: z.string().nullable(),
  }),
})

/** Seals an identity for the registration of its user. */
export async function offerRegistration(
  c: AppContext,
  { name: provider }: IdentityProvider,
  identity: ProvenIdentity,
  next: string,
) {
  const { keys, now } = c.var
  const browser = randomId()
  const content: z.infer<typeof Registration> = { provider, browser, identity }
  const lifetime = { now, lifetimeSeconds: REGISTRATION_SECONDS }
  const registration = await sealFlow(keys, 'identityRegistration', content, lifetime)
  flowCookie.set(c, browser, REGISTRATION_SECONDS)
  const { email, isEmailProven, name } = identity
  return { registration, provider, email, isEmailProven, name, next }
}

/** The identity of a sealed proof, if it is of this provider and this browser. */
export async function openRegistration(
  c: AppContext,
  provider: IdentityProvider,
  text: string,
): Promise<{ identity: ProvenIdentity; used: UsedToken } | null> {
  const { keys, now } = c.var
  const options = { now, schema: Registration }
  const opened = await openFlow(keys, 'identityRegistration', text, options)
  if (!opened) return null
  const { flow, jti, expiresAt } = opened
  const isOfProvider = flow.provider === provider.name && flow.identity.issuer === provider.issuer
  if (!isOfProvider || flow.browser !== flowCookie.read(c)) return null
  const hash = await sha256Base64url(`registration:${jti}`)
  return { identity: flow.identity, used: { hash, expiresAt } }
}
