// @ts-check
// Formats what the service logs for a person who develops: a short line a request, mails in a box.

/** wrangler's own line of a request, and its lines about a mail. */
const WRANGLER =
  /^\s*\[wrangler:info\]|^(?:From|To|Cc|Bcc|Reply-To|Subject|Text|HTML|Email): |send_email|\.(?:eml|html|txt)$/

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
function eventLine({ type, user_id: userId }) {
  return paint(`  ${type}${userId ? ` of user ${userId}` : ''}`, 2)
}

/** @param {Record<string, any>} line */
function originLine({ origin }) {
  return `${origin} is not in ALLOWED_ORIGINS. Add this line to .dev.vars:\n  ALLOWED_ORIGINS=${origin}`
}

/**
 * A formatter for the lines of one run. It returns the text to print, or null for lines that only
 * repeat another one.
 */
export function devLog() {
  const origins = new Set()
  let isInMail = false
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
      case 'origin_not_listed': {
        if (origins.has(entry.origin)) return null
        origins.add(entry.origin)
        return originLine(entry)
      }
      default:
        return line
    }
  }
}

/** @param {string} line */
function parse(line) {
  if (!line.startsWith('{')) return null
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
