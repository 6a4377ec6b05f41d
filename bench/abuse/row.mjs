// Rows of the abuse table.
import { fixed } from '../numbers.mjs'

/** A measured figure with its limit. @param {{ unit?: string, digits?: number }} format */
export function limited(what, value, limit, { unit = '', digits = 0 } = {}) {
  const measured = value === null ? '–' : `${fixed(value, digits)}${unit}`
  const reached = value === null ? 'unknown' : value <= limit ? 'yes' : '**no**'
  return [what, measured, `≤ ${limit}${unit}`, reached]
}

/** A figure without a limit. */
export const noted = (what, text) => [what, text, '', '']
