/** Signing in, staying signed in, signing out. */
import { browserDoor } from './browser-door'
import { createToken } from './form-door'
import { oauthDoor } from './oauth-door'
import { oauthMetadataRoutes } from './oauth-metadata'
import { ownSessions } from './own-sessions'

export const sessionRoutes = [
  createToken,
  ...oauthDoor,
  ...oauthMetadataRoutes,
  ...browserDoor,
  ...ownSessions,
] as const
