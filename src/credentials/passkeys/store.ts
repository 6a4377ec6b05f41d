/** Passkeys in D1. */
export interface KnownPasskey {
  id: string
  transports: string
  rpId: string
}
export interface PasskeyOwner {
  handle: string
  username: string
  fullName: string | null
}
