/** Times as people say them, with the exact one on hover. */

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'long', timeStyle: 'short' })
const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

/** `5 minutes ago`, `yesterday`, `in 3 weeks`; a date once that says more. */
function ago(at: Date): string {
  const seconds = (at.getTime() - Date.now()) / 1000
  if (seconds < -30 * 86_400) return day.format(at)
  const [unit, length] = UNITS.find(([, s]) => Math.abs(seconds) >= s) ?? ['second', 0]
  return length ? relative.format(Math.round(seconds / length), unit) : 'just now'
}

/** `today`, `yesterday`, `4 days ago`, for a time that the API gives to the day (UTC). */
export function Day({ at }: { at: string }) {
  const date = new Date(at)
  const days = Math.ceil((date.getTime() - Date.now()) / 86_400_000)
  const text = days < -30 ? day.format(date) : relative.format(days, 'day')
  return <time dateTime={at}>{text}</time>
}

export function Time({ at }: { at: string }) {
  const date = new Date(at)
  return (
    <time dateTime={at} title={absolute.format(date)}>
      {ago(date)}
    </time>
  )
}
