// @ts-check
// Cron expressions of an hour, for the simulated clock.

/**
 * Returns whether the minute field of a cron expression has this minute. The other fields must be
 * `*`.
 * @param {string} cron
 * @param {number} minute
 */
export function runsAt(cron, minute) {
  const [minutes = '', ...others] = cron.split(' ')
  if (others.some((field) => field !== '*')) return false
  return minutes.split(',').some((part) => {
    const [range = '', step = '1'] = part.split('/')
    const [from = '', to = from] = range === '*' ? ['0', '59'] : range.split('-')
    const first = Number(from)
    return minute >= first && minute <= Number(to) && (minute - first) % Number(step) === 0
  })
}
