// @ts-check
// Rows of the abuse table.
import { fixed } from '../numbers.mjs'

/**
 * A measured figure with its limit.
 * @param {string} what
 * @param {number | null} value null if it cannot be measured here
 * @param {number} limit
 * @param {{ unit?: string, digits?: number }} format
 * @returns {string[]}
 */
export function limited(what, value, limit, { unit = '', digits = 0 } = {}) {
  const measured = value === null ? '–' : `${fixed(value, digits)}${unit}`
  const reached = value === null ? 'unknown' : value <= limit ? 'yes' : '**no**'
  return [what, measured, `≤ ${limit}${unit}`, reached]
}

/** A figure without a limit. @param {string} what @param {string} text @returns {string[]} */
export const noted = (what, text) => [what, text, '', '']
