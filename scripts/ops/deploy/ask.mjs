// @ts-check
import { createInterface } from 'node:readline/promises'

/** True when a person can answer a question. CI never can, whatever its terminal says. */
export const isInteractive = () =>
  Boolean(process.stdin.isTTY && process.stdout.isTTY && !process.env.CI)

/**
 * Asks one question on the terminal.
 * @param {string} question
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
export async function ask(question, signal) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return (await terminal.question(question, { signal })).trim()
  } finally {
    terminal.close()
  }
}

/**
 * Asks until the answer is a listed key or its number; an empty answer takes the default.
 * @template {string} K
 * @param {string} question
 * @param {Record<K, string>} choices key → description
 * @param {K} preferred
 * @param {(question: string) => Promise<string>} answer
 * @returns {Promise<K>}
 */
export async function choose(question, choices, preferred, answer) {
  const keys = /** @type {K[]} */ (Object.keys(choices))
  const list = keys.map((key, at) => `  ${at + 1}  ${key.padEnd(8)} ${choices[key]}`).join('\n')
  for (;;) {
    const given = await answer(`${question}\n${list}\nNumber or name [${preferred}]: `)
    if (given === '') return preferred
    const key = keys[Number(given) - 1] ?? keys.find((known) => known === given)
    if (key) return key
  }
}

/**
 * The database place nearest to a time zone, a guess for the question's default.
 * @param {string} timeZone such as `Europe/Vienna`
 * @returns {keyof typeof import('./options.mjs').LOCATIONS}
 */
export function locationNear(timeZone) {
  if (
    /^Europe\/(?:Athens|Bucharest|Chisinau|Helsinki|Istanbul|Kiev|Kyiv|Minsk|Moscow|Riga|Sofia|Tallinn|Vilnius|Warsaw)/.test(
      timeZone,
    )
  )
    return 'eeur'
  if (
    /^America\/(?:Los_Angeles|Vancouver|Tijuana|Phoenix|Denver|Boise|Edmonton|Anchorage)|^Pacific\/Honolulu/.test(
      timeZone,
    )
  )
    return 'wnam'
  if (/^(?:Australia|Pacific)\//.test(timeZone)) return 'oc'
  if (/^(?:Asia|Indian)\//.test(timeZone)) return 'apac'
  if (/^America\//.test(timeZone)) return 'enam'
  return 'weur'
}
