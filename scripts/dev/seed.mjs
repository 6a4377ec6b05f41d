// `npm run seed -- --posts 100000 --authors 100 --persist-to .wrangler/state`: fills the local D1
// with users and posts, to see lists and search at size. The same numbers make the same texts, and
// a later id has a later date. Seeded users cannot sign in. Only the local database is changed.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

const CHUNK = 1000
const YEAR_MS = 365 * 24 * 60 * 60 * 1000
const VOWELS = 'aeiou'
const CONSONANTS = 'bdfgklmnprstvz'

/** Numbers from 0 to 1 that look random and are the same on every run (mulberry32). */
function sequence(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** 4 900 made-up words of four letters, the n-th always the same: `baba`, `babe`, … */
export function word(n) {
  const at = (text, i) => text[Math.floor(i) % text.length]
  return at(CONSONANTS, n / 350) + at(VOWELS, n / 70) + at(CONSONANTS, n / 5) + at(VOWELS, n)
}
const WORDS = CONSONANTS.length ** 2 * VOWELS.length ** 2

/** A few words are in most posts, most words in few, as in any language. */
const pick = (random) => word(Math.floor(WORDS * random() ** 4))
const sentence = (random, length) => Array.from({ length }, () => pick(random)).join(' ')

/**
 * When the first seeded row was made: a year ago, or after the newest row that exists, because the
 * ids of the seeded rows are higher than its own.
 * @param {D1Database} db
 * @param {number} now
 */
async function firstDate(db, now) {
  const { newest } = await db
    .prepare(
      'select max(coalesce((select max(created_at) from users), 0), coalesce((select max(created_at) from posts), 0)) as newest',
    )
    .first()
  return Math.max(now - YEAR_MS, newest + 1)
}

/**
 * Writes users and posts.
 * @param {D1Database} db
 * @param {{ posts: number, authors: number, onProgress?: (done: number) => void }} options
 */
export async function seed(db, { posts, authors, onProgress }) {
  const random = sequence(1)
  const stamp = Date.now()
  const run = stamp.toString(36)
  const start = await firstDate(db, stamp)
  const end = Math.max(stamp, start)
  // A well-formed hash of no password.
  const hash = `$argon2id$v=19$m=19456,t=2,p=1$${unpadded(16)}$${unpadded(32)}`
  const people = Array.from({ length: authors }, (_, i) => [`seed-${run}-${i}`, `Seeded ${i}`])
  const { results } = await db
    .prepare(
      `insert into users (username, username_key, email, email_key, full_name, password_hash, created_at)
       select value ->> 0, value ->> 0, (value ->> 0) || '@example.invalid', (value ->> 0) || '@example.invalid', value ->> 1, ?, cast(? as integer)
       from json_each(?) where true returning id`,
    )
    .bind(hash, start, JSON.stringify(people))
    .all()
  const ids = results.map((row) => row.id)
  for (let done = 0; done < posts; ) {
    const size = Math.min(CHUNK, posts - done)
    const rows = Array.from({ length: size }, (_, i) => [
      ids[Math.floor(random() * ids.length)],
      sentence(random, 3 + Math.floor(random() * 5)),
      sentence(random, 20 + Math.floor(random() * 80)),
      Math.floor(start + ((done + i + 1) / posts) * (end - start)),
    ])
    await db
      .prepare(
        `insert into posts (author_id, title, content, created_at, updated_at)
         select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 3 from json_each(?) order by key`,
      )
      .bind(JSON.stringify(rows))
      .run()
    done += size
    onProgress?.(done)
  }
}

const unpadded = (bytes) => randomBytes(bytes).toString('base64').replace(/=+$/, '')

function count(text, name, max) {
  const n = Number(text)
  if (Number.isInteger(n) && n >= 1 && n <= max) return n
  process.stderr.write(`--${name} must be a whole number from 1 to ${max}.\n`)
  process.exit(2)
}

async function main() {
  const { values } = parseArgs({
    options: {
      posts: { type: 'string', default: '1000' },
      authors: { type: 'string', default: '100' },
      'persist-to': { type: 'string', default: '.wrangler/state' },
    },
  })
  const posts = count(values.posts, 'posts', 1_000_000)
  const authors = count(values.authors, 'authors', 10_000)
  const { command, must } = await import('../tools.mjs')
  const folder = values['persist-to']
  await must(
    'Applying the migrations',
    command('wrangler', ['d1', 'migrations', 'apply', 'DB', '--local', '--persist-to', folder]),
    { env: { CI: '1' } },
  )
  const { getPlatformProxy } = await import('wrangler')
  const proxy = await getPlatformProxy({ persist: { path: join(folder, 'v3') } })
  const start = Date.now()
  try {
    await seed(proxy.env.DB, {
      posts,
      authors,
      onProgress: (done) => {
        if (done % 10_000 === 0) process.stdout.write(`${done} posts\n`)
      },
    })
  } finally {
    await proxy.dispose()
  }
  process.stdout.write(
    `${posts} posts by ${authors} people are in ${folder} (${((Date.now() - start) / 1000).toFixed(1)} s).\n`,
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
