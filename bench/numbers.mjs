// @ts-check
// Statistics and their formats.

/**
 * Returns a quantile of sorted numbers; 0.5 is the median.
 * @param {number[]} sorted
 * @param {number} q
 */
export const quantile = (sorted, q) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN

/** @param {number[]} numbers */

export const median = (numbers) =>
  quantile(
    [...numbers].sort((a, b) => a - b),
    0.5,
  )

/**
 * Returns the probability that a number of `a` exceeds one of `b` (area under the ROC curve); 0.5
 * means that they are indistinguishable.
 * @param {number[]} a
 * @param {number[]} b
 */
export function auc(a, b) {
  let above = 0
  for (const x of a) for (const y of b) above += x > y ? 1 : x === y ? 0.5 : 0
  return above / (a.length * b.length)
}

/**
 * Adds the counts of `more` to `counts`.
 * @template K
 * @param {Map<K, number>} counts
 * @param {Iterable<[K, number]>} more
 */
export function addUp(counts, more) {
  for (const [key, count] of more) counts.set(key, (counts.get(key) ?? 0) + count)
  return counts
}

/**
 * Formats counts of statuses: `200 × 41, 503 × 3`.
 * @param {Map<number, number>} statuses
 */
export const histogram = (statuses) =>
  [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status || 'no response'} × ${count}`)
    .join(', ')

/**
 * Formats a Markdown table; all columns but the first are right-aligned.
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
  /** @param {string[]} cells */
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  )
}

/**
 * Returns the growth of a memory size; null where memory cannot be read.
 * @param {number | null} now
 * @param {number | null} before
 */
export const growth = (now, before) => (now === null || before === null ? null : now - before)

/**
 * Formats the spread of numbers: `1.20..1.35`.
 * @param {number[]} numbers
 */
export const range = (numbers, digits = 2) =>
  `${fixed(Math.min(...numbers), digits)}..${fixed(Math.max(...numbers), digits)}`

/** @param {number | null} n */
export const fixed = (n, digits = 2) => (n === null ? '–' : n.toFixed(digits))

const TOLERANCE = 0.03

/**
 * Judges the ratios of rounds, new to old: a difference counts when the median differs by more
 * than 3 % and three quarters of the rounds agree.
 * @param {number[]} ratios
 */
export function verdict(ratios) {
  const sorted = [...ratios].sort((a, b) => a - b)
  const middle = median(ratios)
  if (Math.abs(middle - 1) <= TOLERANCE) return 'within 3 %'
  const worse = middle > 1
  const agree = worse ? quantile(sorted, 0.25) > 1 : quantile(sorted, 0.75) < 1
  if (!agree) return 'unclear'
  return worse ? '**worse**' : 'better'
}
