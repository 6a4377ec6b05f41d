// Statistics and their formats.

/** Returns a quantile of sorted numbers; 0.5 is the median. */
export const quantile = (sorted, q) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]

export const median = (numbers) =>
  quantile(
    [...numbers].sort((a, b) => a - b),
    0.5,
  )

/**
 * Returns the probability that a number of `a` exceeds one of `b` (area under the ROC curve); 0.5
 * means that they are indistinguishable.
 */
export function auc(a, b) {
  let above = 0
  for (const x of a) for (const y of b) above += x > y ? 1 : x === y ? 0.5 : 0
  return above / (a.length * b.length)
}

/** Adds the counts of `more` to `counts`. */
export function addUp(counts, more) {
  for (const [key, count] of more) counts.set(key, (counts.get(key) ?? 0) + count)
  return counts
}

/** Formats counts of statuses: `200 × 41, 503 × 3`. */
export const histogram = (statuses) =>
  [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status || 'no response'} × ${count}`)
    .join(', ')

/** Formats a Markdown table; all columns but the first are right-aligned. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  )
}

/** Returns the growth of a memory size; null where memory cannot be read. */
export const growth = (now, before) => (now === null ? null : now - before)

/** Formats the spread of numbers: `1.20..1.35`. */
export const range = (numbers, digits = 2) =>
  `${fixed(Math.min(...numbers), digits)}..${fixed(Math.max(...numbers), digits)}`

export const fixed = (n, digits = 2) => (n === null ? '–' : n.toFixed(digits))
