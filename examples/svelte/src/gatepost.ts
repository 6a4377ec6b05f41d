import { createClient } from 'gatepost-client'

/** The server must list the origin of this app in ALLOWED_ORIGINS. */
export const gatepost = createClient({
  origin: import.meta.env.VITE_GATEPOST_ORIGIN ?? 'http://localhost:8787',
})
