// Request bodies: the order of refusals, with and without a Content-Length. No large body is
// buffered without authentication, buffers have limits, and no body is read without a time limit.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { POOLS, reserveBuffer } from '../../src/http/body/buffer'
import { type Call, call, freshAddress, trips, workerWith } from '../support/client'
import { expectProblem } from '../support/sign-in'
import { type Person, person } from '../support/users'

const MIB = 1024 * 1024
const PNG = { 'Content-Type': 'image/png' }
const here = workerWith({})

afterEach(() => void vi.useRealTimers())

/**
 * A body without its last byte. `finish` sends that byte, `breakOff` ends the body as a lost
 * connection does.
 */
function unfinished(bytes: number) {
  let stream!: ReadableStreamDefaultController<Uint8Array>
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stream = controller
      for (let at = 0; at < bytes - 1; at += 65_536)
        controller.enqueue(new Uint8Array(Math.min(65_536, bytes - 1 - at)))
    },
  })
  const finish = () => {
    stream.enqueue(new Uint8Array(1))
    stream.close()
  }
  return { body, finish, breakOff: () => stream.error(new Error('Network connection lost.')) }
}

/** The two ways in which HTTP sends a body. */
const WAYS: Record<string, (bytes: number) => Record<string, string>> = {
  'of told length': (bytes) => ({ 'Content-Length': `${bytes}` }),
  chunked: () => ({}),
}

const putAvatar = (who: Partial<Person>, { headers, ...options }: Call, through = call) =>
  through('PUT', '/api/users/me/avatar', {
    token: who.token,
    ...options,
    headers: { ...PNG, ...headers },
  })

describe.each(Object.entries(WAYS))('a body %s', (_, headersFor) => {
  const send = (bytes: number): Call => {
    const { body, finish } = unfinished(bytes)
    finish()
    return { body, headers: headersFor(bytes) }
  }

  it('→ 413 before 415 before 401', async () => {
    const [tooMuch, enough] = [() => send(2 * MIB + 1), () => send(2 * MIB)]
    const text = (options: Call) => ({
      ...options,
      headers: { ...options.headers, 'Content-Type': 'text/plain' },
    })
    const ann = await person()
    for (const who of [ann, {}, { token: 'x' }]) {
      for (const options of [tooMuch(), text(tooMuch())]) {
        const large = await putAvatar(who, options)
        expect(large.headers.get('WWW-Authenticate')).toBeNull()
        await expectProblem(large, 413, 'too-large')
      }
      await expectProblem(await putAvatar(who, text(enough())), 415, 'unsupported-media-type')
    }
    await expectProblem(await putAvatar({}, enough()), 401, 'unauthenticated')
    await expectProblem(await putAvatar({ token: 'x' }, enough()), 401, 'invalid-access-token')
    const zeros = await putAvatar(ann, enough())
    const { detail } = await expectProblem(zeros, 415, 'unsupported-media-type')
    expect(detail).toMatch(/not a PNG/)
    expect(trips(zeros)).toBe(0)
  })

  it('→ 413 also for a client past its edge limit', async () => {
    const from = { 'CF-Connecting-IP': freshAddress() }
    const refused = async (bytes: number) => {
      const { headers, ...options } = send(bytes)
      return putAvatar({}, { ...options, headers: { ...headers, ...from } })
    }
    for (let sent = 0, status = 0; status !== 429; sent++) {
      expect(sent).toBeLessThan(300)
      status = (await refused(10)).status
    }
    await expectProblem(await refused(2 * MIB), 429, 'too-many-requests')
    const large = await refused(2 * MIB + 1)
    expect(large.headers.get('Retry-After')).toBeNull()
    await expectProblem(large, 413, 'too-large')
  })
})

describe.each(Object.entries(WAYS))('large bodies in progress, %s', (_, headersFor) => {
  /** Begins an upload of 2 MiB that lacks its last byte. */
  const begin = (who: Partial<Person>, bytes = 2 * MIB) => {
    const { body, finish, breakOff } = unfinished(bytes)
    return { answer: putAvatar(who, { body, headers: headersFor(bytes) }, here), finish, breakOff }
  }
  const whole = (who: Partial<Person>, bytes = 2 * MIB) => {
    const { answer, finish } = begin(who, bytes)
    finish()
    return answer
  }
  const begun = () => new Promise((done) => setTimeout(done, 100))

  it('fit two pictures of one user, whatever others send; small bodies are not counted', async () => {
    const [ann, bob] = [await person(), await person()]
    const held = [begin(ann), begin(ann)]
    await begun()
    const refused = await whole(ann)
    expect([refused.headers.get('Retry-After'), trips(refused)]).toEqual(['1', 0])
    const { detail } = await expectProblem(refused, 503, 'busy')
    expect(detail).toBe('Too many large bodies at once. Try again in a moment.')
    expect((await whole(ann, 64 * 1024 + 1)).status).toBe(503)
    expect((await whole(ann, 64 * 1024)).status).toBe(415)
    expect((await whole(bob)).status).toBe(415)
    for (const { finish } of held) finish()
    for (const { answer } of held) expect((await answer).status).toBe(415)
    expect((await whole(ann)).status).toBe(415)
  })

  it('reserve no buffer without authentication, nor for the first 64 KiB', async () => {
    const ann = await person()
    const held = Array.from({ length: 2 * (POOLS.large.maxBytes / (2 * MIB)) }, (_, n) =>
      begin(n % 2 ? {} : { token: 'x' }),
    )
    const little = Array.from({ length: 4 }, () => {
      const { body, breakOff } = unfinished(64 * 1024)
      const headers = headersFor(2 * MIB)
      return { answer: putAvatar(ann, { body, headers }, here), breakOff }
    })
    await begun()
    expect((await whole(ann)).status).toBe(415)
    for (const { finish } of held) finish()
    for (const { answer } of held) expect((await answer).status).toBe(401)
    for (const { breakOff } of little) breakOff()
    for (const { answer } of little) expect((await answer).status).toBe(400)
  })

  it('release their buffer when they break off, which is 400', async () => {
    const ann = await person()
    for (let round = 0; round < 3; round++) {
      const held = [begin(ann), begin(ann)]
      await begun()
      for (const { breakOff } of held) breakOff()
      for (const { answer } of held) await expectProblem(await answer, 400, 'malformed-request')
    }
  })

  /** The seconds until the answer comes, while nothing of the body does. */
  async function secondsUntil(answer: Promise<Response>) {
    let seconds = 0
    let answered = false
    void answer.then(() => {
      answered = true
    })
    for (; !answered && seconds < 600; seconds++) {
      await vi.advanceTimersByTimeAsync(1000)
      for (let i = 0; i < 5; i++) await scheduler.wait(1)
    }
    return seconds
  }

  it('may take ten seconds and one more per 32 KiB; then 408, and their buffer is released', async () => {
    const ann = await person()
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    for (let round = 0; round < 3; round++) {
      const held = [begin(ann), begin(ann)]
      expect(await secondsUntil(held[0]!.answer)).toBeOneOf([74, 75])
      for (const { answer } of held) await expectProblem(await answer, 408, 'request-timeout')
    }
    const little = unfinished(100)
    const answer = putAvatar(ann, { body: little.body, headers: headersFor(100) }, here)
    expect(await secondsUntil(answer)).toBeGreaterThanOrEqual(10)
    await expectProblem(await answer, 408, 'request-timeout')
  })

  it('are not read to the end when they are refused', async () => {
    const ann = await person()
    const held = [begin(ann), begin(ann)]
    await begun()
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
    const third = begin(ann, 100_000)
    expect(await secondsUntil(third.answer)).toBeOneOf([13, 14])
    await expectProblem(await third.answer, 503, 'busy')
    const stranger = begin({}, 100_000)
    expect(await secondsUntil(stranger.answer)).toBeOneOf([13, 14])
    await expectProblem(await stranger.answer, 401, 'unauthenticated')
    vi.useRealTimers()
    for (const { finish } of held) finish()
    for (const { answer } of held) expect((await answer).status).toBe(415)
  })
})

describe.each(Object.entries(POOLS))('the buffer of %s bodies', (pool, limits) => {
  // A time of its own keeps the leases of other tests out of the way.
  const now = Date.now() + 1_000_000
  const until = now + 1000
  const largest = pool === 'large' ? limits.maxBytesPerClient : 64 * 1024
  const perClient = limits.maxBytesPerClient / largest
  const smallest = pool === 'large' ? 64 * 1024 + 1 : 1
  /** Fills the share of one client. */
  const fill = (client: string, at = now, end = until) =>
    Array.from({ length: perClient }, () => reserveBuffer(client, largest, at, end))

  it('has a limit for all clients and a share for each', () => {
    const clients = limits.maxBytes / limits.maxBytesPerClient
    const leases = Array.from({ length: clients }, (_, n) => fill(`user:${n}`))
    expect(leases.flat()).not.toContain(null)
    expect(reserveBuffer('user:100', smallest, now, until)).toBeNull()
    leases[0]?.[0]?.()
    leases[0]?.[0]?.()
    expect(reserveBuffer('user:1', smallest, now, until)).toBeNull()
    const rest = reserveBuffer('user:100', largest, now, until)
    expect(rest).not.toBeNull()
    expect(reserveBuffer('user:0', smallest, now, until)).toBeNull()
    for (const release of [rest, ...leases.flat()]) release?.()
  })

  it('is released by time when a request never releases it', () => {
    const lost = fill('user:1')
    expect(reserveBuffer('user:1', smallest, until - 1, until)).toBeNull()
    const next = fill('user:1', until, until + 1000)
    expect(next).not.toContain(null)
    for (const release of lost) release?.() // Expired: releases nothing of the next ones.
    expect(reserveBuffer('user:1', smallest, until, until + 1000)).toBeNull()
    for (const release of next) release?.()
  })
})

describe('small bodies in progress', () => {
  const from = (address: string) => ({ 'CF-Connecting-IP': address })
  /** Begins a sign-in of 64 KiB that lacks its last byte. */
  const begin = (address: string) => {
    const { body, breakOff } = unfinished(64 * 1024)
    const headers = {
      ...from(address),
      'Content-Type': 'application/json',
      'Content-Length': `${64 * 1024}`,
    }
    return { answer: here('POST', '/api/session', { body, headers }), breakOff }
  }

  it('of one client have at most 512 KiB; another client is served', async () => {
    const [mallory, ann] = [freshAddress(), freshAddress()]
    const held = Array.from({ length: 8 }, () => begin(mallory))
    await new Promise((done) => setTimeout(done, 100))
    const refused = await call('POST', '/api/session', {
      json: { login: 'a', password: 'b' },
      headers: from(mallory),
    })
    expect(refused.headers.get('Retry-After')).toBe('1')
    await expectProblem(refused, 503, 'busy')
    const served = await call('POST', '/api/session', {
      json: { login: 'a', password: 'b' },
      headers: from(ann),
    })
    expect(served.status).toBe(401)
    for (const { breakOff } of held) breakOff()
    for (const { answer } of held) expect((await answer).status).toBe(400)
  })

  it('of a form have at most 8 KiB', async () => {
    for (const path of ['/oauth/token', '/oauth/revoke', '/api/users/token']) {
      const form = { username: 'a', password: 'b'.repeat(8 * 1024) }
      const large = await call('POST', path, { form, headers: from(freshAddress()) })
      const { detail } = await expectProblem(large, 413, 'too-large')
      expect(detail).toBe('The body may have at most 8 KiB.')
    }
  })
})

describe('Content-Type (RFC 9110 §5.6.6)', () => {
  const put = (type: string) =>
    call('POST', '/api/session', {
      body: JSON.stringify({ login: 'nobody-here', password: 'x' }),
      headers: { 'Content-Type': type, 'CF-Connecting-IP': freshAddress() },
    })

  it.each([
    'application/json;',
    'application/json ;charset=utf-8',
    'application/json ; charset=utf-8 ;',
    'APPLICATION/JSON;charset="utf-8"',
    'application/json;;',
  ])('%s is JSON', async (type) => {
    await expectProblem(await put(type), 401, 'invalid-credentials')
  })

  it.each(['application/json; charset', 'application/json, text/plain', 'application/json; =x'])(
    '%s → 415 unsupported-media-type',
    async (type) => {
      await expectProblem(await put(type), 415, 'unsupported-media-type')
    },
  )

  it.each(['application/x-www-form-urlencoded;', 'application/x-www-form-urlencoded ;charset=x'])(
    '%s is a form',
    async (type) => {
      const answer = await call('POST', '/oauth/token', {
        body: 'grant_type=refresh_token&refresh_token=x',
        headers: { 'Content-Type': type, 'CF-Connecting-IP': freshAddress() },
      })
      expect(await answer.json()).toMatchObject({ error: 'invalid_grant' })
    },
  )
})

describe('token endpoints', () => {
  it.each([
    ['POST', '/oauth/token', 'grant_type=refresh_token&refresh_token=x'],
    ['POST', '/oauth/revoke', 'token=x'],
    ['POST', '/api/session/refresh', undefined],
    ['DELETE', '/api/session', undefined],
  ])(
    '%s %s → 429 after 300 requests of a client in a minute, before the body',
    async (method, path, body) => {
      const headers = {
        'CF-Connecting-IP': freshAddress(),
        ...(body && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      }
      const limit = workerWith({ TOKEN_LIMIT: { limit: async () => ({ success: false }) } })
      const stalled = body ? unfinished(100) : undefined
      const answer = limit(method, path, {
        headers: { ...headers, ...(body && { 'Content-Length': '100' }) },
        ...(stalled && { body: stalled.body }),
      })
      stalled?.breakOff()
      await expectProblem(await answer, 429, 'too-many-requests')
    },
  )
})
