// Sealed flows: the state of a flow that leaves the site and comes back, encrypted into a text that
// the browser holds (JWE). The service stores no row for it. Each purpose has its own key and its
// own `typ`, so a text of one purpose is refused for another.

import type { ZodType } from 'zod'
import { decryptJwe, encryptJwe } from './jwe'
import { isJti, isTime, secondsOf } from './jwt'
import type { Keyring } from './keyring'
import { randomId } from './secret-token'

/** The media type in the header of each purpose. The name of a purpose is the name of its keys. */
const TYPES = {
  identityProviderFlow: 'identity-provider-flow+jwe',
  identityRegistration: 'identity-registration+jwe',
} as const satisfies Partial<Record<keyof Keyring, string>>

export type FlowPurpose = keyof typeof TYPES

export interface OpenedFlow<T> {
  flow: T
  /** Names the text for its single use. */
  jti: string
  expiresAt: Date
}

/** Maximum length, in characters: a browser keeps 4096 bytes of a cookie's name and value. */
const MAX_LENGTH = 4000

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text of a flow, for a cookie or a fragment. It is unreadable and unchangeable for the
 * browser.
 * @throws RangeError if the text is longer than 4000 characters; bound the parts a client chooses.
 */
export async function sealFlow(
  keyring: Keyring,
  purpose: FlowPurpose,
  flow: object,
  { now, lifetimeSeconds }: { now: Date; lifetimeSeconds: number },
): Promise<string> {
  const content = { jti: randomId(), exp: secondsOf(now) + lifetimeSeconds, flow }
  const plaintext = encoder.encode(JSON.stringify(content))
  const text = await encryptJwe(keyring[purpose][0], TYPES[purpose], plaintext)
  if (text.length > MAX_LENGTH) throw new RangeError('the flow is too large to seal')
  return text
}

/**
 * The flow of a text, or null unless this service sealed exactly this text for this purpose, `now`
 * is before its expiry, and the flow fits the schema. Never throws.
 */
export async function openFlow<T>(
  keyring: Keyring,
  purpose: FlowPurpose,
  text: string,
  { now, schema }: { now: Date; schema: ZodType<T> },
): Promise<OpenedFlow<T> | null> {
  if (text.length > MAX_LENGTH) return null
  const plaintext = await decryptJwe(keyring[purpose], TYPES[purpose], text)
  return plaintext && readContent(plaintext, now, schema)
}

function readContent<T>(bytes: Uint8Array, now: Date, schema: ZodType<T>): OpenedFlow<T> | null {
  const content = parseJson(bytes)
  if (typeof content !== 'object' || content === null) return null
  const { jti, exp, flow } = content as Record<string, unknown>
  if (!isJti(jti) || !isTime(exp) || exp <= secondsOf(now)) return null
  const parsed = schema.safeParse(flow)
  return parsed.success ? { flow: parsed.data, jti, expiresAt: new Date(exp * 1000) } : null
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return null
  }
}
