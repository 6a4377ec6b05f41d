// `npm run bench -- export`: exports an account of 10 000 posts, of a sentence, a page and a
// chapter each. Measures the time to the first byte and the growth of the process, with V8's
// defaults and with full garbage collections (see server.mjs).
import { request } from 'node:http'
import { build } from './build.mjs'
import { fixed, growth, median, table } from './numbers.mjs'
import { register, tokenOf } from './people.mjs'
import { COLLECTING, memory, start } from './server.mjs'

const POSTS = 10_000
const SIZES = [200, 2000, 20_000] // characters of a post
const EXPORTS = 5
const CHUNK = 500

/** Inserts posts with distinct texts, one statement per chunk. */
async function write(db, author, characters) {
  const now = Date.now()
  for (let done = 0; done < POSTS; done += CHUNK) {
    await db
      .prepare(
        `with recursive n(i) as (select ? union all select i + 1 from n where i < ?)
         insert into posts (author_id, title, content, created_at, updated_at)
         select ?, 'Post ' || i, substr(replace(hex(zeroblob(?)), '00', 'post ' || i || ' of many '), 1, ?), ?, ? from n`,
      )
      .bind(done + 1, done + CHUNK, author, Math.ceil(characters / 12), characters, now, now)
      .run()
  }
}

/** Reads a download at full speed and discards it. Times are milliseconds. */
export function download(url, token) {
  return new Promise((done, fail) => {
    const begin = performance.now()
    const path = '/api/users/me/export'
    const headers = { Authorization: `Bearer ${token}` }
    const outgoing = request({ host: url.hostname, port: url.port, path, headers }, (answer) => {
      let firstByte
      let bytes = 0
      answer.on('data', (chunk) => {
        firstByte ??= performance.now() - begin
        bytes += chunk.length
      })
      answer.on('end', () => {
        const complete = answer.statusCode === 200 && answer.complete
        if (complete) done({ firstByte, bytes, ms: performance.now() - begin })
        else fail(new Error(`The export returned ${answer.statusCode} or was cut short`))
      })
      answer.on('error', fail)
    })
    outgoing.on('error', fail).end()
  })
}

async function exportsOf(folder, characters, v8Flags) {
  const { url, db, pid, stop } = await start(folder, { v8Flags })
  try {
    const [email] = await register(url, 1)
    const token = await tokenOf(url, email)
    const { id } = await db.prepare('select id from users').first()
    await write(db, id, characters)
    const atRest = memory(pid)
    const downloads = []
    const growths = []
    for (let n = 0; n < EXPORTS; n++) {
      downloads.push(await download(url, token))
      growths.push(fixed(growth(memory(pid), atRest), 0))
    }
    return { downloads, growths }
  } finally {
    await stop()
  }
}

export async function exports() {
  const { gatepost } = await build()
  const rows = []
  for (const characters of SIZES) {
    for (const v8Flags of [undefined, COLLECTING]) {
      const { downloads, growths } = await exportsOf(gatepost, characters, v8Flags)
      const of = (key) => median(downloads.map((download) => download[key]))
      rows.push([
        `${characters} characters${v8Flags ? ', full collections' : ''}`,
        fixed(of('bytes') / 1024 / 1024, 0),
        fixed(of('firstByte'), 0),
        fixed(of('ms'), 0),
        growths.join(', '),
      ])
    }
  }
  const head = [`${POSTS} posts`, 'MiB', 'first byte ms', 'all ms', 'growth after each export, MiB']
  process.stdout.write(`\n${table(head, rows)}\n`)
}
