/** Headers of responses in the API document. */

export interface Header {
  description: string
  required?: boolean
  [schema: string]: unknown
}

/** Headers that answers are described with; every operation gets those that its statuses imply. */
export const HEADERS = {
  RequestId: { description: 'Names this request in the logs', format: 'uuid' },
  Location: { description: 'The path of what was made', format: 'uri-reference' },
  Redirect: { description: 'Where the browser goes next', format: 'uri-reference' },
  RetryAfter: { description: 'Seconds until another try makes sense', pattern: '^[1-9]\\d*$' },
  WwwAuthenticate: {
    description: 'How to authenticate, and what was wrong with the token (RFC 6750 §3)',
    example: 'Bearer realm="gatepost", error="invalid_token"',
  },
  ETag: { description: 'The version: send it back as If-Match or If-None-Match', example: '"1.1"' },
  SetCookie: {
    description: 'The refresh token, for this host only, out of reach of scripts',
    example: '__Host-gatepost=…; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax',
  },
  BrowserCookie: {
    description: 'Identifies this browser when it uses the link, out of reach of scripts',
    example: '__Host-gatepost-link=…; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax',
  },
  FlowCookie: {
    description: 'The sealed state of a flow at an identity provider, for this browser',
    example: '__Host-gatepost-flow=…; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Lax',
    required: false,
  },
  SignInCookie: {
    description: 'The refresh token, if the browser is now signed in; the cookie of the flow goes',
    example: '__Host-gatepost=…; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax',
    required: false,
  },
  Bookmark: {
    description:
      'What the client has seen: sent back with its next anonymous read, it never sees less',
    example: '00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683',
    required: false,
  },
}
export const header = (name: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${name}` })

/** For the `headers` of a response. */
export const etagHeader = { ETag: header('ETag') }
export const redirectHeader = { Location: header('Redirect') }
export const identityCookieHeader = { 'Set-Cookie': header('SignInCookie') }
export const flowCookieHeader = { 'Set-Cookie': header('FlowCookie') }
export const cookieHeader = { 'Set-Cookie': header('SetCookie') }
export const browserCookieHeader = { 'Set-Cookie': header('BrowserCookie') }
