// The export of a full account: 100 sessions, 10 000 posts of 2 000 characters, 10 000 events.
import { download } from '../export.mjs'
import { send } from '../load.mjs'
import { fixed, median } from '../numbers.mjs'
import { expect, register, tokenOf } from '../people.mjs'
import { copyRow, firstRow, RANDOM_KEY } from '../rows.mjs'
import { COLLECTING, peakMemory, start } from '../server.mjs'
import { limited, noted } from './row.mjs'

const SESSIONS = 100
const POSTS = 10_000
const EVENTS = 10_000
const CHARACTERS = 2000
const EXPORTS = 5

export async function fullExport(folder) {
  const { url, db, pid, stop } = await start(folder, { v8Flags: COLLECTING })
  try {
    const [email] = await register(url, 1)
    const token = await tokenOf(url, email)
    await fill(url, db, token)
    const growth = peakMemory(pid)
    const downloads = []
    for (let n = 0; n < EXPORTS; n++) downloads.push(await download(url, token))
    const firstByte = median(downloads.map((one) => one.firstByte))
    return [
      noted('size', `${fixed(downloads[0].bytes / 1024 / 1024, 1)} MiB`),
      limited(`time to the first byte, median of ${EXPORTS}`, firstByte, 200, { unit: ' ms' }),
      limited(`peak growth over ${EXPORTS} exports`, growth(), 32, { unit: ' MiB' }),
    ]
  } finally {
    await stop()
  }
}

async function fill(url, db, token) {
  const json = { title: 'A post', content: 'A sentence of many. '.repeat(CHARACTERS / 20) }
  expect(await send(url, { method: 'POST', path: '/api/posts', token, json }), 201)
  const id = `substr(${RANDOM_KEY}, 1, 22)`
  const more = [
    { table: 'sessions', count: SESSIONS - 1, set: { id } },
    { table: 'posts', count: POSTS - 1, set: { title: "'Post ' || n" } },
    { table: 'events', count: EVENTS },
  ]
  for (const copy of more) await copyRow(db, { row: await firstRow(db, copy.table), ...copy })
}
