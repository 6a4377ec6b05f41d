/** The arithmetic of the benchmarks, and their page of numbers. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runsAt } from '../../bench/cron.mjs'
import { auc, median, quantile, verdict } from '../../bench/numbers.mjs'
import { PARTS, replaceSections } from '../../bench/readme.mjs'

describe('verdict of the ratios of rounds', () => {
  it('calls a median within 3 % equal, whatever single rounds say', () => {
    expect(verdict([0.7, 1.02, 1.03, 1.01, 1.9])).toBe('within 3 %')
  })
  it('calls a difference worse or better when three quarters of the rounds agree', () => {
    expect(verdict([1.05, 1.06, 1.04, 1.2, 1.05])).toBe('**worse**')
    expect(verdict([0.9, 0.91, 0.89, 0.7, 0.92])).toBe('better')
  })
  it('calls a difference unclear when the rounds disagree', () => {
    expect(verdict([0.8, 0.9, 1.1, 1.2, 1.3])).toBe('unclear')
    expect(verdict([0.7, 0.8, 0.9, 1.1, 1.3])).toBe('unclear')
  })
})

describe('statistics', () => {
  it('take the nearest rank', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(quantile([1, 2, 3, 4], 0.95)).toBe(4)
  })
  it('give an AUC of 1 for separate samples and 0.5 for equal ones', () => {
    expect(auc([3, 4], [1, 2])).toBe(1)
    expect(auc([1, 2], [1, 2])).toBe(0.5)
  })
})

describe('runsAt', () => {
  it.each([
    ['17 * * * *', [17]],
    ['*/20 * * * *', [0, 20, 40]],
    ['5,50-52 * * * *', [5, 50, 51, 52]],
    ['7-59/25 * * * *', [7, 32, 57]],
    ['17 3 * * *', []],
  ])('%s', (cron, minutes) => {
    const all = Array.from({ length: 60 }, (_, minute) => minute)
    expect(all.filter((minute) => runsAt(cron, minute))).toEqual(minutes)
  })
})

describe('docs/numbers.md', () => {
  const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'numbers.md'), 'utf8')

  it('has the markers of every part, and keeps the text outside of them', () => {
    const sections = PARTS.map((name): [string, string] => [name, `table of ${name}`])
    const written = replaceSections(document, sections)
    for (const name of PARTS)
      expect(written).toContain(`<!-- bench ${name} -->\ntable of ${name}\n<!-- /bench ${name} -->`)
    const outside = (text: string) =>
      text.replace(/(<!-- bench (\w+) -->)[\s\S]*?(?=<!-- \/bench)/g, '$1')
    expect(outside(written)).toBe(outside(document))
  })

  it('is refused without the markers of a part', () => {
    expect(() => replaceSections('# Numbers', [['main', '']])).toThrow(
      'docs/numbers.md lacks the markers of main: add <!-- bench main --> and <!-- /bench main -->.',
    )
  })
})
