/** The characters that make words in a search are those that the tokenizer of D1 makes words of. */
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WORD_CHARACTERS } from '../../src/posts/word-characters'

const CODE_POINTS = 0x110000
const STEP = 8192

beforeAll(async () => {
  const index = await env.DB.prepare(
    "select sql from sqlite_master where name = 'posts_words'",
  ).first<string>('sql')
  const tokenize = /tokenize = "[^"]+"/.exec(index ?? '')?.[0]
  await env.DB.batch([
    env.DB.prepare(`create virtual table characters using fts5(text, content = '', ${tokenize})`),
    env.DB.prepare('create virtual table words using fts5vocab(characters, instance)'),
  ])
})
afterAll(() =>
  env.DB.batch([env.DB.prepare('drop table words'), env.DB.prepare('drop table characters')]),
)

/** Those of the code points from `first` on that do not separate an x from a y. */
async function joining(first: number): Promise<number[]> {
  const texts: [number, string][] = []
  for (let point = Math.max(1, first); point < first + STEP; point++) {
    const isSurrogate = point >= 0xd800 && point < 0xe000
    if (!isSurrogate) texts.push([point, `x${String.fromCodePoint(point)}y`])
  }
  const [, found] = await env.DB.batch<{ doc: number }>([
    env.DB.prepare(
      'insert into characters (rowid, text) select value ->> 0, value ->> 1 from json_each(?)',
    ).bind(JSON.stringify(texts)),
    env.DB.prepare('select doc from words group by doc having count(*) = 1 order by doc'),
    env.DB.prepare("insert into characters (characters) values ('delete-all')"),
  ])
  return found?.results.map(({ doc }) => doc) ?? []
}

/** The ranges of increasing numbers, written as `WORD_CHARACTERS` is. */
function encode(points: number[]): string {
  const ranges: [number, number][] = []
  for (const point of points) {
    const range = ranges.at(-1)
    if (range && range[1] === point - 1) range[1] = point
    else ranges.push([point, point])
  }
  return ranges
    .flatMap(([first, last], i) => [first - (ranges[i - 1]?.[1] ?? 0), last - first])
    .map((number) => number.toString(36))
    .join(' ')
}

it('WORD_CHARACTERS has every character that D1 makes words of, and no other', async () => {
  const points: number[] = []
  for (let first = 0; first < CODE_POINTS; first += STEP) points.push(...(await joining(first)))
  expect(encode(points)).toBe(WORD_CHARACTERS)
})
