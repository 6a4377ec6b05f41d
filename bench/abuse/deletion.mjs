// The deletion of a large account: the longest wait of another user, and the cleanup that follows.
import { send } from '../load.mjs'
import { addUp, fixed, histogram } from '../numbers.mjs'
import { expect, PASSWORD, register, tokenOf } from '../people.mjs'
import { copyRow, firstRow } from '../rows.mjs'
import { start } from '../server.mjs'
import { cpuOf } from '../workerd.mjs'
import { limited, noted } from './row.mjs'

const WORDS = 160
const MAX_RUNS = 100
const HOUR_MS = 60 * 60 * 1000

export async function deletion(folder, { large = false } = {}) {
  const posts = large ? 70_000 : 20_000
  const worker = await start(folder)
  try {
    const { url, db } = worker
    const [leaver, reader] = await register(url, 2)
    const token = await tokenOf(url, leaver)
    const me = { path: '/api/users/me', token: await tokenOf(url, reader) }
    await write(url, db, token, posts)
    const idle = await idleReader(url, me)
    const endReading = patientReader(url, me)
    const begin = performance.now()
    const cpuBefore = cpuOf(worker.pid)
    const what = { method: 'POST', path: '/api/users/me/deletion', token }
    const { status, ms } = await send(url, { ...what, json: { password: PASSWORD } })
    const { status: after } = await send(url, { path: '/api/users/me', token })
    const visible = JSON.parse(expect(await send(url, { path: '/api/posts' }), 200).text)
    const runs = await cleanUp(worker)
    const took = performance.now() - begin
    const cpu = cpuOf(worker.pid) - cpuBefore
    const { longest, statuses } = await endReading()
    const left = await countPosts(db)
    const name = `${posts} posts of ${WORDS} words`
    return [
      limited(`${name}: longest wait of another user`, longest, 200, { unit: ' ms' }),
      noted('longest wait before the deletion', `${fixed(idle, 0)} ms`),
      limited(`${name}: posts that stay visible`, visible.posts.length, 0),
      limited(`${name}: rows left after the scheduled runs`, left, 0),
      noted('status and time of the deletion', `${status}, ${fixed(ms, 0)} ms`),
      noted('status of the ended session', String(after)),
      noted('scheduled runs, and the time of everything', `${runs}, ${fixed(took / 1000, 1)} s`),
      noted('CPU of the process meanwhile', `${fixed(cpu / 1000, 1)} s`),
      noted('statuses of the other user', histogram(statuses)),
    ]
  } finally {
    await worker.stop()
  }
}

/** @returns {Promise<number>} the longest wait in two seconds without other requests, in ms */
async function idleReader(url, me) {
  expect(await send(url, me), 200)
  const end = patientReader(url, me)
  await new Promise((done) => setTimeout(done, 2000))
  return (await end()).longest
}

/**
 * Sends a request, waits for its response, and sends the next one 10 ms later. On a busy machine
 * a reader at a fixed rate would wait for its own earlier requests.
 * @returns {() => Promise<{ longest: number, statuses: Map<number, number> }>} milliseconds
 */
function patientReader(url, what) {
  const statuses = new Map()
  let longest = 0
  let ended = false
  const reading = (async () => {
    while (!ended) {
      const { status, ms } = await send(url, what)
      longest = Math.max(longest, ms)
      addUp(statuses, [[status, 1]])
      await new Promise((done) => setTimeout(done, 10))
    }
  })()
  return async () => {
    ended = true
    await reading
    return { longest, statuses }
  }
}

/** Writes one post through the API and copies it. */
async function write(url, db, token, count) {
  const words = Array.from({ length: WORDS }, (_, n) => `word${n}`).join(' ')
  const json = { title: 'A post', content: words }
  expect(await send(url, { method: 'POST', path: '/api/posts', token, json }), 201)
  const set = { title: "'Post ' || n", content: "source.content || ' ' || n" }
  const row = await firstRow(db, 'posts')
  await copyRow(db, { table: 'posts', row, count: count - 1, set, chunk: 500 })
}

/**
 * Runs the scheduled handler until no post is left. @returns {Promise<number>} the number of runs
 */
async function cleanUp({ db, scheduled }) {
  let runs = 0
  while (runs < MAX_RUNS && (await countPosts(db)) > 0) {
    await scheduled(new Date(Date.now() + runs * HOUR_MS))
    runs++
  }
  return runs
}

const countPosts = async (db) => (await db.prepare('select count(*) as n from posts').first()).n
