/** Signing in, staying signed in, signing out. */
import { browserDoor } from './browser-door'
import { ownSessions } from './own-sessions'
import { tokenDoors } from './token-doors'

export const sessionRoutes = [...tokenDoors, ...browserDoor, ...ownSessions] as const
