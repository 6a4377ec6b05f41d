// Base64url (RFC 4648 §5) in its one canonical spelling: no padding, no other characters, and the
// bits of the last character that carry no data are zero. Decoders accept more, so a string that is
// to be a token's only spelling is checked here before anything decodes it.

const FULL = '(?:[\\w-]{4})*'
const REST = '(?:[\\w-]{4}|[\\w-]{2}[AEIMQUYcgkosw048]|[\\w-][AQgw])'

/** The pattern of any canonical, non-empty base64url text; without anchors, to build on. */
export const BASE64URL = `${FULL}${REST}`

/** The pattern of 16 bytes (22 characters): ids. */
export const BYTES_16 = '[\\w-]{21}[AQgw]'

/** The pattern of 32 bytes (43 characters): MACs, digests, mailed tokens, P-256 coordinates. */
export const BYTES_32 = '[\\w-]{42}[AEIMQUYcgkosw048]'
