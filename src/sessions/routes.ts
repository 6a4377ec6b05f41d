/** All session routes. */
import { passkeySignInRoutes } from '../credentials/passkeys/sign-in-options'
import { browserRoutes } from './browser'
import { confirmSession } from './confirm'
import { finishSession } from './factor'
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
  ...sessionListRoutes,
] as const
