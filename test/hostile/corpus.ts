// Requests that no honest client sends, made from the API document: malformed bodies, naughty
// strings, odd methods, headers and addresses. The same list serves the tests inside workerd and
// the long run over real HTTP (run.mjs); equal seeds make equal requests.
import { type Api, type Target, targets } from './targets.ts'
import { ADDRESSES, brokenJson, HEADERS, NAUGHTY, RAW_VERBS, VERBS, WRONG_TYPES } from './words.ts'

export interface Hostile {
  /** Describes what is wrong with it. */
  about: string
  method: string
  path: string
  headers: Record<string, string>
  body?: string | Uint8Array
  /** Only over a socket: `fetch` would refuse or repair it. */
  raw?: true
  /** Sent without a length. */
  chunked?: true
}

export const JSON_TYPE = 'application/json'
export const FORM_TYPE = 'application/x-www-form-urlencoded'
const utf8 = new TextEncoder()

/** A generator of numbers from 0 to n - 1 that depends on its seed alone (mulberry32). */
export function dice(seed: number) {
  let state = seed >>> 0
  return (n: number) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * n)
  }
}

const fill = (path: string, value = '1') => path.replaceAll(/\{\w+\}/g, value)

/** A fine JSON text with a few bytes turned, cut out, doubled or thrown in. */
export function mutate(text: string, roll: (n: number) => number): Uint8Array {
  const bytes = [...utf8.encode(text)]
  const marks = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a, 0, 0xff, 0xc3, 0x2d, 0x65]
  for (let turns = 1 + roll(4); turns > 0; turns--) {
    const at = roll(bytes.length + 1)
    const mark = marks[roll(marks.length)] ?? 0
    switch (roll(5)) {
      case 0:
        bytes.splice(at, 1)
        break
      case 1:
        bytes.splice(at, 0, mark)
        break
      case 2:
        bytes[Math.min(at, bytes.length - 1)] = mark
        break
      case 3:
        bytes.length = at
        break
      default:
        bytes.splice(at, 0, ...bytes.slice(at, at + roll(20)))
    }
  }
  return Uint8Array.from(bytes)
}

/** Each member of an example, replaced by something else. */
function* wrongMembers(example: unknown, value: unknown): Generator<unknown> {
  if (typeof example !== 'object' || example === null) return
  for (const name of Object.keys(example)) yield { ...example, [name]: value }
}

/** Bodies where JSON, or a form, is due. */
function* bodies(
  target: Target,
  roll: (n: number) => number,
): Generator<Omit<Hostile, 'path' | 'method'>> {
  const isForm = target.mediaTypes.includes(FORM_TYPE)
  const type = target.mediaTypes[0] ?? JSON_TYPE
  const headers = { 'Content-Type': type }
  for (const [about, body] of brokenJson()) yield { about, headers, body }
  if (isForm) {
    for (const text of NAUGHTY) {
      const s = encodeURIComponent(text.toWellFormed())
      yield {
        about: 'a naughty login',
        headers,
        body: `grant_type=password&username=${s}&password=${s}&scope=${s}`,
      }
      yield {
        about: 'naughty client',
        headers,
        body: `username=a&password=b&client_id=${s}&grant_type=${s}&token=${s}&refresh_token=${s}`,
      }
    }
    for (const body of [
      '%',
      '%zz=1',
      'a=%ff',
      '=&=&&',
      '&'.repeat(60_000),
      'a&'.repeat(30_000),
      '%00=%00',
      '__proto__=1&constructor=2&username[]=3',
      'username=a&username=b',
    ])
      yield { about: 'a broken form', headers, body }
    return
  }
  if (!target.mediaTypes.includes(JSON_TYPE)) return
  const fine = JSON.stringify(target.example)
  for (let n = 0; n < 12; n++) yield { about: 'a mutant', headers, body: mutate(fine, roll) }
  for (const value of WRONG_TYPES)
    for (const wrong of wrongMembers(target.example, value))
      yield { about: 'a wrong type', headers, body: JSON.stringify(wrong) }
  for (const value of NAUGHTY)
    for (const wrong of wrongMembers(target.example, value))
      yield { about: 'a naughty string', headers, body: JSON.stringify(wrong) }
  const extra = {
    role: 'admin',
    is_active: false,
    email_verified: true,
    id: 1,
    user_id: 1,
    password_hash: 'x',
  }
  yield {
    about: 'mass assignment',
    headers,
    body: JSON.stringify({ ...(target.example as object), ...extra }),
  }
  for (const wrongType of [
    '',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/json;',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    `${'a'.repeat(500)}/x`,
    'application/problem+json',
    'APPLICATION/JSON; charset=utf-7',
  ])
    yield {
      about: `the type ${wrongType.slice(0, 40)}`,
      headers: { 'Content-Type': wrongType },
      body: fine,
    }
  for (const coding of ['gzip', 'br', 'deflate', 'identity, gzip', 'x'])
    yield {
      about: `the coding ${coding}`,
      headers: { ...headers, 'Content-Encoding': coding },
      body: fine,
    }
  yield {
    about: 'a multipart body',
    headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
    body: '--x\r\nContent-Disposition: form-data; name="a"; filename="../a"\r\n\r\n\0\r\n--x--',
  }
}

/** All of it, in a fixed order. */
export function* hostileRequests(api: Api, seed = 1): Generator<Hostile> {
  const roll = dice(seed)
  const all = targets(api)
  for (const target of all) {
    const { method, query, pathNames } = target
    const path = fill(target.path)
    if (target.mediaTypes.length > 0)
      for (const attack of bodies(target, roll)) yield { ...attack, method, path }
    for (const headers of HEADERS) {
      // With a fine body, the headers are what counts.
      const body = target.mediaTypes.includes(JSON_TYPE) ? '{}' : undefined
      const typed = body === undefined ? headers : { 'Content-Type': JSON_TYPE, ...headers }
      const attack = { about: `the header ${Object.keys(headers)}`, method, path, headers: typed }
      const odd = ['Content-Length', 'Expect', 'Upgrade'].some((name) => name in headers)
      yield { ...attack, ...(body !== undefined && { body }), ...(odd && { raw: true as const }) }
    }
    for (const text of NAUGHTY) {
      const s = encodeURIComponent(text.toWellFormed())
      for (const name of query)
        yield { about: `a naughty ${name}`, method, path: `${path}?${name}=${s}`, headers: {} }
      if (pathNames.length > 0 && s && !/^\.\.?$/.test(s))
        yield { about: 'a naughty path', method, path: fill(target.path, s), headers: {} }
    }
    for (const text of [
      '?',
      '?&&=&',
      '?%',
      '?%ff=%ff',
      '?limit=1&limit=2',
      '?cursor=&limit=',
      '?__proto__=1',
      '?access_token=a',
      `?${'a=1&'.repeat(1500)}`,
    ])
      yield { about: 'an odd query', method, path: path + text, headers: {} }
  }
  for (const path of [...new Set(all.map((target) => fill(target.path)))]) {
    for (const method of VERBS) yield { about: 'an odd method', method, path, headers: {} }
    for (const method of RAW_VERBS)
      yield { about: 'an odd method', method, path, headers: {}, raw: true }
  }
  for (const path of ADDRESSES)
    for (const method of ['GET', 'POST', 'DELETE'])
      yield { about: 'an odd address', method, path, headers: {}, raw: true }
  const big = 'a'.repeat(10 * 1024 * 1024)
  for (const { method, path, mediaTypes } of all) {
    if (mediaTypes.length === 0) continue
    const headers = { 'Content-Type': mediaTypes[0] ?? JSON_TYPE }
    yield { about: '10 MB', method, path: fill(path), headers, body: big }
    yield { about: '10 MB in chunks', method, path: fill(path), headers, body: big, chunked: true }
  }
}
