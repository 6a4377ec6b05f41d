// @ts-check
// Keeps the mails of one run of `npm run dev`, and shows them. It lives in the process of the
// script, because the Worker restarts with every change of the code.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { mailPolicy, outboxPage, pagePolicy } from './page.mjs'

/**
 * @typedef {object} Mail
 * @property {number} id
 * @property {Date} at
 * @property {string} to
 * @property {string} subject
 * @property {string} text
 * @property {string} html
 */

/** Maximum number of mails. A further one replaces the oldest. */
const MAX_MAILS = 100
/** Maximum size of a mail in bytes. */
const MAX_BYTES = 256 * 1024

/** The last mails, newest first. */
export function createOutbox(max = MAX_MAILS) {
  /** @type {Mail[]} */
  let mails = []
  let count = 0
  return {
    /** @param {{ to: unknown, subject: unknown, text?: unknown, html?: unknown }} mail */
    add({ to, subject, text = '', html = '' }, at = new Date()) {
      const texts = { to: `${to}`, subject: `${subject}`, text: `${text}`, html: `${html}` }
      mails = [{ id: ++count, at, ...texts }, ...mails].slice(0, max)
    },
    list: () => mails,
    /** @param {number} id */
    find: (id) => mails.find((mail) => mail.id === id),
  }
}

/** @param {import('node:http').IncomingMessage} request @returns {Promise<string>} */
async function readBody(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_BYTES) throw new Error(`A mail has more than ${MAX_BYTES} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const NO_STORE = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}
/** @param {string} policy */
const htmlHeaders = (policy) => ({
  ...NO_STORE,
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': policy,
})

/**
 * Listens on the loopback. The path has a secret, so that no other page or program reads mails or
 * adds one: only the Worker of this run knows it.
 * @returns {Promise<{ address: string, close: () => void }>}
 */
export async function startOutbox(outbox = createOutbox()) {
  const secret = `/${randomBytes(24).toString('base64url')}`
  const server = createServer(async (request, response) => {
    /** @param {number} status @param {string} [text] */
    const end = (status, text = '') =>
      response.writeHead(status, { ...NO_STORE, 'Content-Type': 'text/plain' }).end(text)
    try {
      if (!request.url?.startsWith(secret)) return end(404)
      const path = request.url.slice(secret.length)
      if (request.method === 'POST') {
        outbox.add(JSON.parse(await readBody(request)))
        return end(204)
      }
      if (path === '') {
        return response.writeHead(200, htmlHeaders(pagePolicy)).end(outboxPage(outbox.list()))
      }
      const mail = outbox.find(Number(/^\/(\d{1,9})$/.exec(path)?.[1]))
      if (!mail) return end(404, 'The outbox has no such mail.')
      return response.writeHead(200, htmlHeaders(mailPolicy)).end(mail.html)
    } catch (error) {
      return end(400, String(error))
    }
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)))
  server.unref()
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('The outbox does not listen.')
  return {
    address: `http://127.0.0.1:${address.port}${secret}`,
    close: () => server.close(),
  }
}
