/** Registration of a new user who comes from an identity provider. */
import type { AppContext } from '../../context'
import { emailAddress, newLink } from '../../credentials/email-tokens'
import { ProviderParam } from '../../credentials/identities/schemas'
import { flowCookie } from '../../credentials/identity-providers/cookie'
import { findProvider } from '../../credentials/identity-providers/flow'
import type { ProvenIdentity } from '../../credentials/identity-providers/identity'
import { endpoint, jsonBody } from '../../http/endpoint'
import { logRejectedIdentity, logSecurity } from '../../http/log'
import { mailLater } from '../../http/mail'
import { fieldProblem, problem, problems } from '../../http/problem'
import { verifyAddress } from '../../mail/texts'
import { caseFold } from '../../normalize'
import { unusablePasswordHash } from '../../security/password'
import { browserSessionView } from '../cookie'
import type { Grant } from '../grant'
import { BEARER, browserSignedIn } from '../responses'
import { startBrowserSession } from '../start/start'
import { openRegistration } from './proof'
import { createIdentityUser } from './registration-store'
import { IdentityRegistration } from './schemas'

type Registered =
  | { kind: 'registered'; grant: Grant }
  | { kind: 'registration-ended' | 'username-taken' | 'email-taken' | 'identity-taken' }
  /** The account exists. Its owner confirms the address first. */
  | { kind: 'email-not-verified' }
  | { kind: 'no-address' }
  | { kind: 'rejected' }

export const registerWithIdentity = endpoint(
  {
    method: 'post',
    path: '/api/identity-providers/{provider}/registration',
    operationId: 'registerWithIdentity',
    summary: 'Make an account for a new user of an identity provider, and sign in',
    description:
      '`registration` is in the fragment of `/welcome`, and works in the browser that was sent there. An address that the provider has not proven gets the usual mail.',
    tags: ['accounts'],
    access: 'anyone',
    sameSite: true,
    limit: 'register',
    request: { params: ProviderParam, body: jsonBody(IdentityRegistration) },
    responses: {
      201: { ...browserSignedIn, description: 'Registered and signed in' },
      ...problems(
        'registration-ended',
        'identity-rejected',
        'email-not-verified',
        'provider-unknown',
        'username-taken',
        'email-taken',
        'identity-taken',
        'invalid-request',
      ),
    },
  },
  async (c) => {
    const result = await register(c, c.req.valid('param').provider, c.req.valid('json'))
    switch (result.kind) {
      case 'registered':
        c.header('Location', `/api/users/${result.grant.user.id}`)
        return c.json(browserSessionView(c, result.grant), 201)
      case 'no-address':
        return problem(c, 'invalid-request', fieldProblem('email', 'is missing'))
      case 'rejected':
        return problem(c, 'identity-rejected', BEARER)
      default:
        return problem(c, result.kind)
    }
  },
)

/** One round trip to make the account, and one to start its session. */
async function register(
  c: AppContext,
  name: string,
  body: IdentityRegistration,
): Promise<Registered | { kind: 'provider-unknown' }> {
  const { settings, db, keys, now, location } = c.var
  const provider = findProvider(settings, name)
  if (!provider) return { kind: 'provider-unknown' }
  const opened = await openRegistration(c, provider, body.registration)
  if (!opened) return { kind: 'registration-ended' }
  const { identity } = opened
  const email = body.email ?? identity.email
  if (email === null) return { kind: 'no-address' }
  const isEmailProven = isProvenAddress(identity, email)
  const link = isEmailProven ? null : await newLink('verify', now)
  const created = await createIdentityUser(
    db,
    {
      identity,
      provider: name,
      proof: opened.used,
      username: body.username,
      fullName: body.full_name ?? null,
      address: await emailAddress(keys, email),
      isEmailProven,
      unusableHash: unusablePasswordHash(),
      link,
    },
    { now, location: location() },
  )
  if (created.kind !== 'created') return created
  const { account } = created
  flowCookie.drop(c)
  logSecurity(c, 'registered', account.id)
  logSecurity(c, 'identity_linked', account.id)
  if (link && created.hasLink) mailLater(c, verifyAddress(settings.appOrigin, account, link.token))
  if (settings.requireVerifiedEmail && !isEmailProven) return { kind: 'email-not-verified' }
  const started = await startBrowserSession(c, { account, methods: ['fed'] })
  if (started.kind === 'signed-in') return { kind: 'registered', grant: started.grant }
  logRejectedIdentity(c, name, started.kind, { userId: account.id })
  return { kind: 'rejected' }
}

/** The user may choose another address than the provider stated. That one is unproven. */
const isProvenAddress = (identity: ProvenIdentity, email: string) =>
  identity.isEmailProven && identity.email !== null && caseFold(identity.email) === caseFold(email)
