/** All session routes. */

import { passkeySignInRoutes } from '../credentials/passkeys/sign-in-options'
import { readEmailSignIn, requestSignInLink } from '../credentials/sign-in-links/request'
import { browserRoutes } from './browser'
import { confirmSession } from './confirm'
import { useSignInLink } from './email'
import { finishSession } from './factor'
import { registerWithIdentity } from './identity-registration'
import { identitySignInRoutes } from './identity-sign-in'
import { sessionListRoutes } from './list'
import { oauthRoutes } from './oauth'
import { oauthMetadataRoutes } from './oauth-metadata'
import { createPasskeySession } from './passkey'
import { createToken } from './token-form'

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
