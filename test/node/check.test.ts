// The scripts behind `npm test` and `npm run test:quick`.
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createProgress } from '../../scripts/dev/progress.mjs'
import { CORE, choose, placesOf, selectTests } from '../../scripts/dev/select-tests.mjs'

/** The text that a stream gets: one step passes, one fails. */
async function record(stream: { isTTY: boolean; columns?: number }) {
  let text = ''
  const progress = createProgress({
    ...stream,
    write: (part) => {
      text += part
    },
  })
  await progress.step('tests', async () => {
    progress.note('tests', '312 of about 2020')
    return { code: 0, output: 'unseen' }
  })
  await progress.step('style', async () => ({ code: 1, output: 'a finding' }))
  return { text, failed: progress.failed }
}

describe('the progress of npm test', () => {
  it('is one line a step where the output is no terminal', async () => {
    const { text, failed } = await record({ isTTY: false })
    expect(text.replaceAll(/\d+\.\d/g, 'N')).toBe(
      'ok     tests (N s)\nFAILED style (N s)\na finding\n',
    )
    expect(failed).toEqual(['style'])
  })

  it('shows on a terminal what runs and how many tests are done, in one line', async () => {
    const { text } = await record({ isTTY: true, columns: 80 })
    expect(text).toContain('\r\u001b[2K…      tests 312 of about 2020')
    const lines = text.split('\n')
    const shown = lines.map((line) => line.slice(line.lastIndexOf('\u001b[2K') + 4))
    expect(shown.join('\n').replaceAll(/\d+\.\d/g, 'N')).toBe(
      'ok     tests (N s)\nFAILED style (N s)\na finding\n',
    )
  })

  it('cuts the line at the width of the terminal', async () => {
    const { text } = await record({ isTTY: true, columns: 12 })
    expect(text).toContain('\r\u001b[2K…      test\r')
  })
})

describe('the tests of npm run test:quick', () => {
  it('have a core that exists', () => {
    expect(CORE.filter((file) => !existsSync(file))).toEqual([])
  })

  /** As after a fresh clone: no run has measured anything. */
  const select = (...changed: string[]) => selectTests(changed, () => new Map())

  it('are the core when nothing has changed', () => {
    const { workers, node } = select()
    expect([...workers.chosen, ...node.chosen].sort()).toEqual([...CORE].sort())
  })

  it('are those of the folder of a changed file', () => {
    expect(placesOf('src/credentials/totp/store.ts')).toEqual(['test/credentials', 'test/totp'])
    expect(select('src/mail/send.ts').workers.chosen).toContain('test/mail/mail.test.ts')
    expect(select('test/browser/tabs.test.ts')).toEqual(select())
  })

  it('have each changed test, however long it takes', () => {
    const slow = () => new Map([['test/node/keys.test.ts', 60]])
    const { node } = selectTests(['test/node/keys.test.ts'], slow)
    expect(node.chosen).toContain('test/node/keys.test.ts')
  })

  it('are no more than the time allows, the shortest first', () => {
    const related = ['test/a.test.ts', 'test/b.test.ts', 'test/c.test.ts']
    const known = new Map([
      ['test/a.test.ts', 15],
      ['test/b.test.ts', 12],
      ['test/c.test.ts', 3],
    ])
    const chosen = ['test/c.test.ts', 'test/b.test.ts']
    expect(choose({ always: [], related }, known)).toEqual({ chosen, left: 1 })
  })
})
