// The headers of every static answer. Cloudflare reads them from dist/web/_headers, which
// web.mjs writes. The Worker sets those of its own answers in src/http.

const csp = (directives) =>
  Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')

const strict = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data: blob:",
  'connect-src': "'self'",
  'object-src': "'none'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
  'form-action': "'self'",
}

const everywhere = {
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Content-Security-Policy': csp(strict),
}

// Vite puts a hash of the content into the names under /assets
const forever = { 'Cache-Control': 'public, max-age=31536000, immutable' }

/**
 * The text of `_headers`: path patterns, each followed by its headers; all patterns that match
 * apply. `assets` are named one by one: what is missing there is answered with the app's page,
 * which must not be cached for a year under a script's name.
 */
export function headersFile(assets) {
  const rules = {
    '/*': everywhere,
    ...Object.fromEntries(assets.map((name) => [`/assets/${name}`, forever])),
  }
  return Object.entries(rules)
    .map(([path, headers]) =>
      [path, ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)].join('\n'),
    )
    .join('\n\n')
    .concat('\n')
}
