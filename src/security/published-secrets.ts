// Secrets that documentation and standards print as examples, and that services run with. The list
// holds SHA-256 digests (base64url), so that no scanner takes it for leaked secrets.

import { sha256Base64url } from './digest'

const PUBLISHED: ReadonlySet<string> = new Set([
  'Vw2tQ94a9Mkl-SwWpopQk22kK33W_eskhQUHoRmarIk', // FastAPI, OAuth2 with JWT tokens
  'JZj31q3BQtiBYWMPPbEqsr00A1IcKBgR5eHOYNSsXXY', // Flask, quickstart
  'Rl2a1dVSjr4oe13OT7UWIIM9CbKQ5J3cxwymxKCuoBs', // jwt.io, debugger
  '76b10k7ML7Ux4TR87SMf8JhCcjwS1Y5cim3HsF92ezs', // jose, examples
  'ixsXqXQMBorMq1w9DWUsjjzBMgbnC7c7QupB1MLePBI', // RFC 7515 appendix A.1
  'AzCxGZjLyavVpYXnVctd8vc_GlYy_cwquxngXj7O3bk', // RFC 7520 section 3.5
  'oGS1AuYdJ-lLhxcpDl4bMuNnIOn735UuyBqEwHEoyzc', // Supabase, self-hosting
  'M1TPz2XHsuaEDqb4gK7eI5dQyx0GOVDE6P2fv57HOjI', // Spring Boot tutorials
])

/** Whether a secret is a published example, in any case of its letters if it is hexadecimal. */
export async function isPublished(secret: string): Promise<boolean> {
  const spellings = [secret, secret.toLowerCase(), secret.toUpperCase()]
  const digests = await Promise.all(spellings.map(sha256Base64url))
  return digests.some((digest) => PUBLISHED.has(digest))
}
