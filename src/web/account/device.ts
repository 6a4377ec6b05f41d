/** A browser's long name for itself, in words. */

// The order matters: most browsers also claim to be the ones further down.
const BROWSERS: [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser/, 'Samsung Internet'],
  [/Firefox|FxiOS/, 'Firefox'],
  [/Chrome|CriOS|Chromium/, 'Chrome'],
  [/Safari/, 'Safari'],
]
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux/, 'Linux'],
]
const find = (table: [RegExp, string][], text: string) =>
  table.find(([pattern]) => pattern.test(text))?.[1]

/** `Firefox on Windows`; the first word of anything else, e.g. `curl/8.5.0`. */
export function device(userAgent: string | null): string {
  if (!userAgent) return 'Unknown device'
  const browser = find(BROWSERS, userAgent)
  if (!browser) return userAgent.split(' ')[0]?.slice(0, 40) || 'Unknown device'
  const system = find(SYSTEMS, userAgent)
  return system ? `${browser} on ${system}` : browser
}
