// @ts-check
// Formats the log of the service for a developer: one short line per request, mails in a box.

/** wrangler's own line of a request, and its lines about a mail. */
const WRANGLER =
  /^\s*\[wrangler:info\]|^🪵 |^(?:From|To|Cc|Bcc|Reply-To|Subject|Text|HTML|Email): |send_email|\.(?:eml|html|txt)$/

/** @param {string} text @param {number} code */
const paint = (text, code) => (process.stdout.isTTY ? `\u001b[${code}m${text}\u001b[0m` : text)

/** @param {number} status */
const colorOf = (status) => (status >= 500 ? 31 : status >= 400 ? 33 : 32)

/** @param {Record<string, any>} line */
function requestLine({ method, route, status, ms, trips, hash_ms: hashMs }) {
  const d1 = trips ? ` d1×${trips}` : ''
  const hash = hashMs ? ` hash ${hashMs}` : ''
  return `${method} ${route} ${paint(String(status), colorOf(status))} ${ms} ms${d1}${hash}`
}

/** @param {Record<string, any>} line */
function eventLine({ type, user_id: userId, provider, reason }) {
  const of = userId ? ` of user ${userId}` : ''
  const why = reason ? ` by ${provider}: ${reason}` : ''
  return paint(`  ${type}${of}${why}`, 2)
}

/** The form that browsers send. Other text may have been made up. */
const ORIGIN = /^https?:\/\/[\w.[\]:-]{1,200}$/

/**
 * @param {Record<string, any>} line
 * @param {DevSettings} settings
 */
function originLine({ origin }, { appOrigin, allowedOrigins }) {
  if (!ORIGIN.test(origin) || !URL.canParse(origin))
    return `A request has the origin ${JSON.stringify(origin)}, which cannot be listed.`
  // The service's own page under another name of this machine: cookies belong to APP_ORIGIN.
  if (new URL(origin).port === new URL(appOrigin).port)
    return `${origin} is not APP_ORIGIN. Open ${appOrigin} instead.`
  const origins = [allowedOrigins, origin].filter(Boolean).join(',')
  return `${origin} is not in ALLOWED_ORIGINS. Set it in .dev.vars, then start npm run dev again:\n  ALLOWED_ORIGINS=${origins}`
}

/** @typedef {{ appOrigin: string, allowedOrigins: string }} DevSettings */

/** Maximum number of unlisted origins to print. A client can send any number of them. */
const MAX_ORIGINS = 100

/**
 * A formatter for the lines of one run. It returns the text to print, or null for lines that only
 * repeat another one.
 * @param {DevSettings} settings
 */
export function devLog(settings) {
  const origins = new Set()
  let isInMail = false
  let misconfigured = ''
  /** @param {string} line */
  return function format(line) {
    if (/^Mail to /.test(line)) {
      isInMail = true
      return `${paint('┌ ', 36)}${line}`
    }
    if (isInMail && /^\s+https?:\/\//.test(line)) {
      isInMail = false
      return `${paint('└ ', 36)}${line.trim()}`
    }
    if (line.trim() === '' || WRANGLER.test(line)) return null
    const entry = parse(line)
    switch (entry?.event) {
      case undefined:
        return line
      case 'request':
        return requestLine(entry)
      case 'security':
        return eventLine(entry)
      case 'misconfigured': {
        if (entry.error === misconfigured) return null
        misconfigured = entry.error
        return paint(entry.error, 31)
      }
      case 'origin_not_listed': {
        if (origins.has(entry.origin) || origins.size >= MAX_ORIGINS) return null
        origins.add(entry.origin)
        return originLine(entry, settings)
      }
      default:
        return line
    }
  }
}

/**
 * The entry of a line. wrangler writes `✘ [ERROR]`, in color, before those of `console.error`.
 * @param {string} line
 */
function parse(line) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins a color of the terminal
  const plain = line.replaceAll(/\u001b\[[\d;]*m/g, '').replace(/^✘ \[ERROR\] /, '')
  if (!plain.startsWith('{')) return null
  try {
    return JSON.parse(plain)
  } catch {
    return null
  }
}
