/**
 * The full-text index on a database with rows: created beside the previous one, filled in steps
 * while both releases run, then alone. These tests share one database and depend on their order.
 */
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/db'
import { QueryBudget } from '../../src/db/query-budget'
import { afterPart, PART_IDS, type Place, START } from '../../src/posts/rules'
import type { PostPage } from '../../src/posts/schemas'
import {
  dropPreviousIndex,
  fillSearchIndex,
  maintainSearchIndex,
  purgeDeletedWords,
} from '../../src/posts/search-index'
import { searchTiers } from '../../src/posts/search-terms'
import { searchPosts } from '../../src/posts/store-search'
import { workerWith } from '../support/client'

const NOW = new Date('2026-11-27T12:00:00Z')
const later = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000)

const db = env.UPGRADED_DB
const trips = { count: 0, ms: 0 }
const opened = openDatabase(db, trips)

const run = (sql: string, ...values: unknown[]) =>
  db
    .prepare(sql)
    .bind(...values)
    .run()
const number = async (sql: string, ...values: unknown[]) =>
  Number(
    await db
      .prepare(sql)
      .bind(...values)
      .first('n'),
  )
const state = () => db.prepare('select * from search_index').first<Record<string, unknown>>()
const indexed = () => number('select count(*) as n from posts_words_docsize')
/** Text of the posts in the index, in bytes. */
const indexedBytes = () =>
  number(`select coalesce(sum(octet_length(title) + octet_length(content)), 0) as n from posts
    where id in (select id from posts_words_docsize)`)

const insert = (text: string, title = 'x') =>
  number(
    `insert into posts (author_id, title, content, created_at, updated_at)
     values (1, ?, ?, 1, 1) returning id as n`,
    title,
    text,
  )

/** The ids of the posts that a search of this release finds, through all its pages and parts. */
async function find(q: string, partIds = PART_IDS, between?: () => Promise<unknown>) {
  const reader = { db: opened, now: NOW, caller: undefined }
  const tiers = searchTiers(q, undefined) ?? []
  const ids: number[] = []
  for (let place: Place | null = START; place; await between?.()) {
    const options = { view: 'full' as const, place, limit: 20, partIds }
    const { rows, part } = await searchPosts(reader, tiers, options)
    ids.push(...rows.map(({ id }) => id))
    const last = rows.at(-1)
    place = last ? { tier: last.tier, before: last.id, part } : afterPart(part, partIds)
  }
  return ids
}
/** The ids that it should find: of the public posts whose text has the word. */
async function expected(word: string): Promise<number[]> {
  const { results } = await db
    .prepare(
      "select id from posts where visibility = 'public' and instr(content, ?) order by id desc",
    )
    .bind(word)
    .all<{ id: number }>()
  return results.map(({ id }) => id)
}
/** The posts that the previous release finds. */
async function findBefore(word: string): Promise<number[]> {
  const { results } = await db
    .prepare(
      `select rowid as id from posts_search where posts_search match ? and rowid < 9e15
       order by rowid desc limit 101`,
    )
    .bind(`{title content} : ("${word}")`)
    .all<{ id: number }>()
  return results.map(({ id }) => id)
}

const LARGE = 'lasting '.repeat(25_000) // 200 kB

it('the migration reads no text of posts: they wait for their place in the index', async () => {
  const migrations = env.TEST_MIGRATIONS
  const before = migrations.findIndex(({ name }) => name.endsWith('posts_words.sql'))
  await applyD1Migrations(db, migrations.slice(0, before))
  await run(`insert into users (username, username_key, email, email_key, password_hash, created_at)
    values ('ann', 'ann', 'ann@x', 'ann@x', 'none', 1)`)
  for (let i = 0; i < 30; i++) await insert(LARGE)
  for (let i = 0; i < 30; i++) await insert(`lasting number ${i}`)
  await applyD1Migrations(db, migrations)
  expect(await indexed()).toBe(0)
  expect(await state()).toMatchObject({
    unindexed_below: 61,
    completed_at: null,
    keeps_previous: 1,
  })
  expect(await number("select count(*) as n from posts where visibility <> 'public'")).toBe(0)
})

it('searches of both releases find every post while it is filled, whatever is written meanwhile', async () => {
  const changes = [
    () => insert('lasting and new'),
    () => run("update posts set content = 'lasting, changed' where id = 1"), // not indexed yet
    () => run('delete from posts where id = 2'),
    () => run("update posts set content = 'lasting, changed' where id = 60"), // indexed already
    () => run('delete from posts where id = 59'),
    () => run("update posts set content = 'gone' where id = 58"),
  ]
  let steps = 0
  for (let isDone = false; !isDone; steps++) {
    const before = await indexedBytes()
    isDone = (await fillSearchIndex(opened, NOW)).isDone
    const bytes = (await indexedBytes()) - before
    expect(bytes, 'bytes of one step').toBeLessThanOrEqual(512 * 1024 + LARGE.length)
    await changes[steps]?.()
    expect(await find('lasting')).toEqual(await expected('lasting'))
    expect(await findBefore('lasting')).toEqual(await expected('lasting'))
    expect(steps).toBeLessThan(20)
  }
  expect(steps).toBeGreaterThan(3)
  expect(await state()).toMatchObject({ unindexed_below: null, completed_at: NOW.getTime() })
  expect(await find('changed')).toEqual([60, 1])
  expect(await find('gone')).toEqual([58])
})

it('a private post of before the end of the fill is in no search of this release', async () => {
  await run('update search_index set unindexed_below = 100, completed_at = null')
  await run("update posts set visibility = 'private' where id in (3, 57)")
  expect(await find('lasting')).toEqual(await expected('lasting'))
  while (!(await fillSearchIndex(opened, NOW)).isDone);
  expect(await find('lasting')).toEqual(await expected('lasting'))
  const inIndex = 'select count(*) as n from posts_words_docsize where id in (3, 57)'
  expect(await number(inIndex)).toBe(0)
})

it('the index then has every public post once, and is sound', async () => {
  expect(await indexed()).toBe(
    await number("select count(*) as n from posts where visibility = 'public'"),
  )
  await run("insert into posts_words (posts_words, rank) values ('integrity-check', 0)")
})

it('the previous index is dropped a day later, with its triggers', async () => {
  const tables = () =>
    number("select count(*) as n from sqlite_master where name like 'posts_search%'")
  await dropPreviousIndex(opened, later(23))
  expect(await tables()).toBeGreaterThan(0)
  expect(await findBefore('changed')).toEqual([60, 1])
  await dropPreviousIndex(opened, later(25))
  expect(await tables()).toBe(0)
  await dropPreviousIndex(opened, later(26))
  const id = await insert('lasting after all')
  expect(await find('lasting')).toEqual(await expected('lasting'))
  await run('delete from posts where id = ?', id)
  expect(await find('lasting')).toEqual(await expected('lasting'))
})

/**
 * Blocks of the index that have these bytes; the beginning of a word may be left out in a block.
 */
const blocksWith = (bytes: string) =>
  number('select count(*) as n from posts_words_data where instr(block, cast(? as blob))', bytes)

it('the words of deleted, changed and hidden posts leave the file, in bounded steps', async () => {
  while (!(await purgeDeletedWords(opened, later(30))).isDone);
  const doomed = [
    await insert('zebrafinch'),
    await insert('zulukuckuck'),
    await insert('zyklopauge'),
  ]
  const kept = await insert('zaunkoenig')
  const [deleted, changed, hidden] = doomed
  await run('delete from posts where id = ?', deleted)
  await run("update posts set content = 'other' where id = ?", changed)
  await run("update posts set visibility = 'private' where id = ?", hidden)
  for (const word of ['ebrafinch', 'ulukuckuck', 'yklopauge'])
    expect(await blocksWith(word), `${word} before`).toBeGreaterThan(0)
  // A purge begins at most every half hour.
  await purgeDeletedWords(opened, later(30.4))
  expect(await blocksWith('ebrafinch')).toBeGreaterThan(0)
  let steps = 1
  while (!(await purgeDeletedWords(opened, later(30.6))).isDone) steps++
  expect(steps).toBeLessThan(10)
  for (const word of ['ebrafinch', 'ulukuckuck', 'yklopauge'])
    expect(await blocksWith(word), `${word} after`).toBe(0)
  expect(await blocksWith('aunkoenig')).toBeGreaterThan(0)
  expect(await find('zaunkoenig')).toEqual([kept])
  expect(await find('lasting')).toEqual(await expected('lasting'))
  await run("insert into posts_words (posts_words, rank) values ('integrity-check', 0)")
})

it('a purge of a large index takes many steps, while posts are written and deleted', async () => {
  const words = Array.from({ length: 4000 }, (_, i) => `w${(i * 7919).toString(36)}`)
  for (let i = 0; i < 60; i++) {
    const own = words.slice(i * 60, i * 60 + 3000)
    await insert([...own, ...words.slice(0, 3000 - own.length)].join(' '))
  }
  const doomed = await insert('quetzalcoatl')
  await run('delete from posts where id = ?', doomed)
  const limited = () => purgeDeletedWords(opened, later(40), 16)
  let steps = 0
  let late = 0
  while (!(await limited()).isDone) {
    steps++
    if (steps === 2) late = await insert('vizcacha')
    if (steps === 3) await run('delete from posts where id = ?', late)
    expect(steps).toBeLessThan(500)
  }
  expect(steps).toBeGreaterThan(5)
  expect(await blocksWith('uetzalcoatl')).toBe(0)
  expect(await find('lasting')).toEqual(await expected('lasting'))
  // Words deleted meanwhile wait for the next purge.
  expect((await state())?.has_deleted_words).toBe(1)
  while (!(await purgeDeletedWords(opened, later(41))).isDone);
  expect(await blocksWith('izcacha')).toBe(0)
  await run("insert into posts_words (posts_words, rank) values ('integrity-check', 0)")
})

it('a run stops when its queries are used up, and the next one continues', async () => {
  await run('update search_index set unindexed_below = 1000, completed_at = null')
  const small = new QueryBudget(13)
  await maintainSearchIndex(opened, later(50), small)
  expect(small.left).toBeLessThan(6)
  expect((await state())?.unindexed_below).not.toBeNull()
  await maintainSearchIndex(opened, later(50), new QueryBudget(900))
  expect((await state())?.unindexed_below).toBeNull()
  expect(await find('lasting')).toEqual(await expected('lasting'))
})

it('a search goes through the newest part first, and has each post once while others write', async () => {
  const before = await expected('lasting')
  for (const partIds of [1, 7, 20, 1000]) {
    const seen = new Set(await expected('lasting'))
    const found = await find('lasting', partIds, () => insert('lasting and late'))
    expect(new Set(found).size, 'nothing twice').toBe(found.length)
    expect(
      [...seen].filter((id) => !found.includes(id)),
      'nothing skipped',
    ).toEqual([])
  }
  expect((await expected('lasting')).length).toBeGreaterThan(before.length)
  // Within a part, posts with the word in the title come first.
  const old = await insert('x', 'quokka')
  for (let i = 0; i < 12; i++) await insert('x')
  const [inText, inTitle] = [await insert('quokka'), await insert('x', 'quokka')]
  expect(await find('quokka', 1000)).toEqual([inTitle, old, inText])
  expect(await find('quokka', 10)).toEqual([inTitle, inText, old])
})

it('GET /api/posts?q= goes on with older posts after 100 000 ids, on a page that may be empty', async () => {
  const call = workerWith({ DB: db })
  const old = await insert('x', 'numbat')
  await run(
    "insert into posts (id, author_id, title, content, created_at, updated_at) values (350000, 1, 'x', 'numbat', 1, 1)",
  )
  const pages: number[][] = []
  for (let cursor = ''; ; ) {
    const response = await call('GET', `/api/posts?q=numbat&limit=5${cursor}`)
    const { posts, next_cursor } = await response.json<PostPage>()
    pages.push(posts.map(({ id }) => id))
    if (!next_cursor) break
    cursor = `&cursor=${next_cursor}`
  }
  expect(pages).toEqual([[350_000], [], [], [old]])
})
