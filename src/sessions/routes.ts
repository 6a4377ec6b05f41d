/** All session routes. */
import { passkeySignInRoutes } from '../credentials/passkeys/sign-in-options'
import { readEmailSignIn, requestSignInLink } from '../credentials/sign-in-links/request'
import { browserRoutes } from './browser'
import { confirmSession } from './confirm/confirm'
import { useSignInLink } from './email'
import { finishSession } from './factor/factor'
import { registerWithIdentity } from './identity/registration'
import { identitySignInRoutes } from './identity/sign-in'
import { sessionListRoutes } from './list'
import { oauthMetadataRoutes } from './oauth/metadata'
import { oauthRoutes } from './oauth/oauth'
import { createPasskeySession } from './passkey'
import { createToken } from './password/token-form'

export const sessionRoutes = [
  createToken,
  ...oauthRoutes,
  ...oauthMetadataRoutes,
  ...browserRoutes,
  finishSession,
  confirmSession,
  ...passkeySignInRoutes,
  createPasskeySession,
  readEmailSignIn,
  requestSignInLink,
  useSignInLink,
  ...identitySignInRoutes,
  registerWithIdentity,
  ...sessionListRoutes,
] as const
