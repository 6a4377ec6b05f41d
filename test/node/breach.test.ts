/** The breach check against a real server that speaks as Have I Been Pwned does. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isBreached, RANGE_API } from '../../src/security/breach'

const PASSWORD = 'P\u00e4ssword of many'
const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()
const SUFFIX = sha1(PASSWORD).slice(5)
const padding = Array.from({ length: 800 }, (_, i) => `${sha1(String(i)).slice(5)}:0`)

let close = () => {}
afterEach(() => {
  close()
  vi.restoreAllMocks()
})

/** A server that answers with `answer`, and the requests that it got. */
async function rangeServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    answer(request, response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  close = () => {
    server.closeAllConnections()
    server.close()
  }
  const { port } = server.address() as AddressInfo
  return { asked, source: { fetch, url: `http://127.0.0.1:${port}/range/` } }
}
const lines = (...more: string[]) => [...padding, ...more].join('\r\n')

describe('isBreached', () => {
  it('sends five characters of the SHA-1, requests padding, and nothing else', async () => {
    const { asked, source } = await rangeServer((_, response) => response.end(lines(`${SUFFIX}:3`)))
    expect(await isBreached(PASSWORD, source)).toBe(true)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.url).toBe(`/range/${sha1(PASSWORD).slice(0, 5)}`)
    expect(asked[0]?.headers['add-padding']).toBe('true')
    expect(JSON.stringify(asked[0]?.headers) + asked[0]?.url).not.toContain(SUFFIX)
  })

  it('hashes the composed form of a password (NFC)', async () => {
    const { source } = await rangeServer((_, response) => response.end(lines(`${SUFFIX}:3`)))
    expect(await isBreached(PASSWORD.normalize('NFD'), source)).toBe(true)
  })

  it.each([
    ['another password of the range', lines(`${SUFFIX.slice(0, -1)}X:99`)],
    ['padding with its own hash', lines(`${SUFFIX}:0`)],
    ['nothing', ''],
  ])('lets a password pass when the answer holds %s', async (_, body) => {
    const log = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { source } = await rangeServer((_request, response) => response.end(body))
    expect(await isBreached(PASSWORD, source)).toBe(false)
    expect(log).not.toHaveBeenCalled()
  })

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['answers 503', (_, response) => void response.writeHead(503).end()],
    [
      'sends elsewhere',
      (_, response) => void response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
    ],
    ['breaks off', (_, response) => void response.destroy()],
    ['never answers', () => undefined],
    ['stops in the middle', (_, response) => void response.write(`${SUFFIX}:3\r\n`)],
  ])(
    'lets the password pass within a second, with a line in the log, when the service %s',
    async (_, answer) => {
      const log = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
      const { source } = await rangeServer(answer)
      const start = Date.now()
      expect(await isBreached(PASSWORD, source)).toBe(false)
      expect(Date.now() - start).toBeLessThan(1500)
      expect(log.mock.calls).toHaveLength(1)
      const line = String(log.mock.calls[0]?.[0])
      expect(JSON.parse(line)).toMatchObject({ event: 'breach_check_failed' })
      expect(line).not.toContain(PASSWORD)
      expect(line).not.toContain(sha1(PASSWORD).slice(0, 5))
    },
  )

  it('queries the real service by default', () => {
    expect(RANGE_API).toBe('https://api.pwnedpasswords.com/range/')
  })
})
