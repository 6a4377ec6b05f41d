// Large pages of posts, requested in parallel: the memory of the process, and the latency of
// /health.
import { request } from 'node:http'
import { nextAddress, send, steadyReader } from '../load.mjs'
import { fixed } from '../numbers.mjs'
import { expect, register, tokenOf } from '../people.mjs'
import { COLLECTING, peakMemory, start } from '../server.mjs'
import { limited, noted } from './row.mjs'

const POSTS = 100
const PARALLEL = 8
const WAVES = 3
const CONTENT = '\u{1F600}'.repeat(50_000) // 200 000 bytes

const LISTS = {
  'all posts': () => '/api/posts?limit=100',
  'posts of a user': (id) => `/api/users/${id}/posts?limit=100`,
  'a search': () => '/api/posts?q=faces&limit=100',
}

export async function pages(folder) {
  const rows = []
  for (const [name, path] of Object.entries(LISTS))
    rows.push(...(await onePage(folder, name, path)))
  return rows
}

/**
 * Measures one list in a process of its own: memory that another list has left would hide growth.
 */
async function onePage(folder, name, pathOf) {
  const { url, db, pid, stop } = await start(folder, { v8Flags: COLLECTING })
  try {
    await write(url)
    const { id } = await db.prepare('select id from users').first()
    await drain(url, '/api/posts?limit=1')
    const growth = peakMemory(pid)
    const endReading = steadyReader(url, { path: '/health' })
    let bytes = 0
    for (let wave = 0; wave < WAVES; wave++) {
      const parallel = Array.from({ length: PARALLEL }, () => drain(url, pathOf(id)))
      bytes = Math.max(bytes, ...(await Promise.all(parallel)))
    }
    const health = await endReading()
    return [
      noted(`${name}: bytes of a page`, `${fixed(bytes / 1024, 0)} KiB`),
      limited(`${name}: peak growth, ${PARALLEL} in parallel`, growth(), 64, { unit: ' MiB' }),
      limited(`${name}: slowest /health`, health.times.at(-1), 100, { unit: ' ms' }),
    ]
  } finally {
    await stop()
  }
}

async function write(url) {
  const [email] = await register(url, 1)
  const token = await tokenOf(url, email)
  for (let n = 1; n <= POSTS; n++) {
    const json = { title: `Faces ${n}`, content: CONTENT }
    expect(await send(url, { method: 'POST', path: '/api/posts', token, json }), 201)
  }
}

/** Reads a response and discards it. @returns {Promise<number>} its bytes */
function drain(url, path) {
  const headers = { 'CF-Connecting-IP': nextAddress() }
  return new Promise((done, fail) => {
    const outgoing = request({ host: url.hostname, port: url.port, path, headers }, (response) => {
      let bytes = 0
      response.on('data', (chunk) => {
        bytes += chunk.length
      })
      response.on('end', () =>
        response.statusCode === 200
          ? done(bytes)
          : fail(new Error(`${path} returned ${response.statusCode}`)),
      )
      response.on('error', fail)
    })
    outgoing.on('error', fail).end()
  })
}
