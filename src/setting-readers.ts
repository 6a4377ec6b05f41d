/**
 * Readers of settings: each turns the value of a var or secret into what the Worker uses, or throws
 * the rule that the value breaks.
 */
import { isGuessable } from './security/guessable-secret'
import { isLoopback } from './security/loopback'

/** Reads a setting. @throws BrokenRule */
export type Reader<T> = (value: unknown) => T

/** A setting breaks rules. Each is a phrase that follows the name of the setting. */
export class BrokenRule extends Error {
  override name = 'BrokenRule'
  constructor(readonly rules: string[]) {
    super(rules.join('; '))
  }
}

function assert(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new BrokenRule([rule])
}

/** The rule that a number, a table or a list in wrangler.toml breaks. */
const NOT_TEXT = 'must be text: write the value in quotes'

export const required =
  <T>(read: (text: string) => T): Reader<T> =>
  (value) => {
    assert(value !== undefined && value !== null, 'is missing')
    assert(typeof value === 'string', NOT_TEXT)
    return read(value)
  }

/** An empty setting counts as absent. */
export const optional =
  <T>(read: (text: string) => T): Reader<T | undefined> =>
  (value) =>
    value === undefined || value === '' ? undefined : required(read)(value)

export const withDefault =
  <T>(fallback: T, read: Reader<T>): Reader<T> =>
  (value) =>
    value === undefined ? fallback : read(value)

export function secret(text: string): string {
  assert(text !== '', 'is empty')
  assert(new TextEncoder().encode(text).length >= 32, 'must have at least 32 bytes')
  assert(!isGuessable(text), 'is guessable: use 32 random bytes')
  return text
}

export function origin(text: string): string {
  assert(isOrigin(text), 'must be an origin such as https://app.example.com, without a path')
  return text
}

/** URL accepts `https://*.example.com` as a host of that name; no browser sends that origin. */
const ORIGIN_SHAPE = /^https?:\/\/(?:[\w.-]+|\[[\da-f:]+\])(?::\d+)?$/

function isOrigin(text: string): boolean {
  if (!ORIGIN_SHAPE.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))
  return url.origin === text && isSafe
}

/** The rule of origins that an entry breaks, in words; undefined if it is an origin. */
function brokenOriginRule(text: string): string | undefined {
  if (isOrigin(text)) return undefined
  if (!/^https?:\/\//.test(text)) return 'must begin with https://, or http:// for localhost'
  if (/^https?:\/\/[^/]*\//.test(text)) return 'must have no path and no / at the end'
  return 'must be an origin such as https://app.example.com; only localhost may have http://'
}

/** The rules name an entry by its position: settings are never shown. */
export function origins(text: string): string[] {
  const entries = text.split(',').map((entry) => entry.trim())
  const broken = entries.flatMap((entry, i) => {
    const rule = entry && brokenOriginRule(entry)
    return rule ? `entry ${i + 1} ${rule}` : []
  })
  if (broken.length > 0) throw new BrokenRule(broken)
  return entries.filter((entry) => entry !== '')
}

/** A domain name, or `localhost`. Addresses cannot be an RP ID: their last label is a number. */
const DOMAIN_SHAPE =
  /^(?:(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z][a-z\d-]{0,61}[a-z\d]|localhost)$/

export function domain(text: string): string {
  assert(text.length <= 253, 'must have at most 253 characters')
  assert(DOMAIN_SHAPE.test(text), 'must be a domain such as example.com, without scheme and port')
  return text
}

export const whole = (min: number, max: number) =>
  required((text) => {
    assert(/^\d{1,6}$/.test(text), 'must be a whole number')
    const n = Number(text)
    assert(n >= min && n <= max, `must be from ${min} to ${max}`)
    return n
  })

/** One of these words; `rule` lists them. */
export const oneOf =
  <const Word extends string>(words: readonly Word[], rule: string): Reader<Word> =>
  (value) => {
    const word = words.find((known) => known === value)
    assert(word !== undefined, rule)
    return word
  }

/** Users who must have a second factor. */
export const secondFactor = oneOf(
  ['off', 'admins', 'everybody'],
  'must be "off", "admins" or "everybody"',
)

const onOrOff = oneOf(['off', 'on'], 'must be "on" or "off"')
export const flag: Reader<boolean> = (value) => onOrOff(value) === 'on'

const MAIL_ADDRESS =
  /^(?:(?<name>[^<>"\r\n]{1,64}) <(?<named>[^\s<>@]{1,64}@[^\s<>@]{1,190})>|(?<bare>[^\s<>@]{1,64}@[^\s<>@]{1,190}))$/

export function mailAddress(text: string) {
  const groups = MAIL_ADDRESS.exec(text)?.groups
  const email = groups?.named ?? groups?.bare
  assert(email !== undefined, 'must be "Name <address>" or an address')
  return { name: groups?.name ?? 'Gatepost', email }
}

export function mailApiKey(text: string): string {
  assert(/^[\x21-\x7e]{8,500}$/.test(text), 'must be the API key of the mail provider')
  return text
}

/** A text that `parse` reads. The message of the error that `parse` throws is the broken rule. */
export const parsedBy =
  <T>(parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text)
    } catch (error) {
      throw new BrokenRule([error instanceof Error ? error.message : 'is malformed'])
    }
  }
