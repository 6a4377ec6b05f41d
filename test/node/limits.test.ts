// Numbers that pages, documents and messages state beside the code, and the constants that
// docs/settings.md lists.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  durationText,
  FRESH_SECONDS,
  IDEMPOTENCY_MS,
  LINK_LIFETIME_MS,
  MAX_OTHER_MAILS,
} from '../../src/limits'

const read = (file: string) => readFileSync(file, 'utf8')
const WORDS = ['no', 'one', 'two', 'three', 'four', 'five', 'six']
const inWords = (count: number) => WORDS[count] ?? String(count)

describe('durationText', () => {
  it.each([
    [60_000, 'one minute'],
    [600_000, '10 minutes'],
    [3_600_000, 'one hour'],
    [5_400_000, '90 minutes'],
    [86_400_000, '24 hours'],
  ])('%i → %s', (ms, text) => expect(durationText(ms)).toBe(text))
})

const { reset, verify, change, signIn } = LINK_LIFETIME_MS
const mails = inWords(MAX_OTHER_MAILS)
const minutes = inWords(FRESH_SECONDS / 60)
const hours = (ms: number) => ms / 3_600_000

describe('a number that is written out is that of the code', () => {
  it.each([
    ['src/web/pages/mailed.tsx', `The link works for ${durationText(reset)}.`],
    ['src/web/pages/email-link.tsx', `It works once, for ${durationText(signIn)}.`],
    ['src/web/account/email.tsx', `at most ${mails} mails an hour`],
    ['src/web/ui/step-up.tsx', `within ${minutes} minutes`],
    ['src/accounts/email/routes.ts', `At most ${mails} are sent per hour`],
    ['docs/email-sign-in.md', `A link works once, for ${durationText(signIn)}.`],
    ['docs/email-sign-in.md', `at most ${mails} until an hour passes without one`],
    ['docs/data-model.md', `after ${hours(reset)} h (reset) or ${hours(verify)} h by the cron`],
    ['docs/data-model.md', `after ${signIn / 60_000} min by the cron`],
    ['docs/data-model.md', `after ${durationText(IDEMPOTENCY_MS)}, by the cron`],
    ['docs/sessions.md', `within the last ${FRESH_SECONDS / 60} minutes`],
  ])('%s: %s', (file, text) => expect(read(file).replace(/\s+/g, ' ')).toContain(text))

  it('docs/data-model.md has one lifetime for both links of 24 hours', () =>
    expect(change).toBe(verify))
})

describe('docs/settings.md, To change a limit', () => {
  const [, section = ''] = read('docs/settings.md').split('## To change a limit')
  const rows = [...section.matchAll(/^\| [^|]+ \| (`[^|]+`) \| `(src\/[^|]+)` \|$/gm)].flatMap(
    ([, constants = '', file = '']) =>
      [...constants.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({ name, file })),
  )

  it('lists limits', () => expect(rows.length).toBeGreaterThan(30))
  it.each(rows)('$name is a constant of $file', ({ name, file }) => {
    expect(existsSync(file)).toBe(true)
    expect(read(file)).toMatch(new RegExp(`^(?:export )?const ${name}\\b`, 'm'))
  })
})
