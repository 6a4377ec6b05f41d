/** Signing in, staying signed in, signing out. */
import { browserRoutes } from './browser'
import { confirmSession } from './confirm'
import { finishSession } from './factor'
import { sessionListRoutes } from './list'
import { oauthRoutes } from './oauth'
import { oauthMetadataRoutes } from './oauth-metadata'
import { createToken } from './token-form'

export const sessionRoutes = [
  createToken,
  ...oauthRoutes,
  ...oauthMetadataRoutes,
  ...browserRoutes,
  finishSession,
  confirmSession,
  ...sessionListRoutes,
] as const
