/** All post routes. */
import { postReadRoutes } from './routes-read'
import { postWriteRoutes } from './routes-write'

export const postRoutes = [...postReadRoutes, ...postWriteRoutes] as const
