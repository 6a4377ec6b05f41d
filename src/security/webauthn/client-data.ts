// Client data (WebAuthn Level 3 §5.8.1): what the browser says about the page that asked. The
// authenticator signs its hash.

import type { Bytes } from './cbor'

export interface ExpectedClientData {
  type: 'webauthn.create' | 'webauthn.get'
  challenge: string
  origins: readonly string[]
}

export type ClientDataRejection =
  | 'malformed-client-data'
  | 'wrong-type'
  | 'wrong-challenge'
  | 'wrong-origin'
  | 'cross-origin'

// WebAuthn Level 3 §7.1 step 5 decodes with "UTF-8 decode", which drops a byte order mark.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** `present` asks to compare a TLS token binding id, and a Worker has none to compare with. */
const TOKEN_BINDINGS: readonly unknown[] = ['supported', 'not-supported']

/** Parses client data; null unless it is one JSON object in well-formed UTF-8. */
export function readClientData(bytes: Bytes): Record<string, unknown> | null {
  try {
    const data: unknown = JSON.parse(utf8.decode(bytes))
    return isRecord(data) ? data : null
  } catch {
    return null
  }
}

/** Returns why the client data is rejected, or null if it is what the service expects. */
export function checkClientData(
  bytes: Bytes,
  expected: ExpectedClientData,
): ClientDataRejection | null {
  const data = readClientData(bytes)
  if (!data) return 'malformed-client-data'
  if (data.type !== expected.type) return 'wrong-type'
  if (data.challenge !== expected.challenge) return 'wrong-challenge'
  if (!expected.origins.some((origin) => origin === data.origin)) return 'wrong-origin'
  if (isCrossOrigin(data)) return 'cross-origin'
  return hasTokenBindingToCheck(data.tokenBinding) ? 'malformed-client-data' : null
}

/**
 * No page of Gatepost is meant for an iframe of another site (WebAuthn Level 3 §13, "Visibility
 * Considerations for Embedded Usage").
 */
const isCrossOrigin = ({ crossOrigin, topOrigin }: Record<string, unknown>): boolean =>
  (crossOrigin !== undefined && crossOrigin !== false) || topOrigin !== undefined

/** Level 3 reserves the member; browsers of 2018 sent a status. */
const hasTokenBindingToCheck = (binding: unknown): boolean =>
  binding !== undefined && !(isRecord(binding) && TOKEN_BINDINGS.includes(binding.status))

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
