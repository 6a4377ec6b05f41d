/** Failed responses: each becomes an ApiProblem with a sentence for a person. */
import { describe, expect, it } from 'vitest'
import { ApiProblem, readProblem } from '../../src/client'

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
  })
const html = (status: number) =>
  new Response('<!doctype html><h1>Bad gateway</h1>', {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
  })
const SENTENCE = /^[A-Z].+[.]$/

describe('readProblem', () => {
  it('a 422 → code, sentence and the members that are wrong', async () => {
    const problem = await readProblem(
      json(422, {
        type: '/problems/invalid-request',
        title: 'The request is not valid',
        detail: 'password must have at least 8 characters.',
        request_id: 'abc',
        errors: [
          { pointer: '#/password', detail: 'must have at least 8 characters' },
          { pointer: '#/password', detail: 'is on the list of common passwords' },
          { pointer: '#/a~1b%20c', detail: 'is not a known member' },
          { pointer: '#/%', detail: 'is not a known member' },
        ],
      }),
    )
    expect(problem).toBeInstanceOf(ApiProblem)
    expect(problem).toMatchObject({ status: 422, code: 'invalid-request', requestId: 'abc' })
    expect(problem.message).toBe('password must have at least 8 characters.')
    expect({ ...problem.fields }).toEqual({
      password: 'must have at least 8 characters',
      'a/b c': 'is not a known member',
      '%': 'is not a known member',
    })
    expect('toString' in problem.fields).toBe(false)
  })

  it('a 401 of an ended session → words for a person, the code of the API', async () => {
    const type = '/problems/invalid-access-token'
    const problem = await readProblem(json(401, { type, detail: 'Refresh it or sign in again.' }))
    expect(problem.code).toBe('invalid-access-token')
    expect(problem.message).toBe('Your session has ended. Sign in again.')
  })

  it.each([
    ['12', 12],
    ['0', 0],
    ['soon', undefined],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
  ])('Retry-After: %s → %s seconds', async (header, seconds) => {
    const busy = { type: '/problems/busy', detail: 'Try again in a moment.' }
    const problem = await readProblem(json(503, busy, { 'Retry-After': header }))
    expect(problem.retryAfter).toBe(seconds)
  })

  it('Retry-After as a date → seconds from now on', async () => {
    const date = new Date(Date.now() + 30_000).toUTCString()
    const { retryAfter } = await readProblem(json(429, {}, { 'Retry-After': date }))
    expect(retryAfter).toBeGreaterThan(27)
    expect(retryAfter).toBeLessThanOrEqual(30)
  })

  it('an error of RFC 6749 → its code, its description and its other members', async () => {
    const body = { error: 'invalid_scope', error_description: 'scope is unknown.', hint: 'x' }
    const problem = await readProblem(json(400, body))
    expect(problem).toMatchObject({ code: 'invalid_scope', message: 'scope is unknown.' })
    expect(problem.body.hint).toBe('x')
  })

  it.each([
    ['the error page of a proxy', html(502)],
    ['a page that asks to sign in to a proxy', html(403)],
    ['a rate limit of a proxy', html(429)],
    ['malformed JSON', json(500, '{"type":')],
    ['JSON of another service', json(500, { message: 'boom' })],
    ['a list', json(500, [])],
    ['null', json(500, null)],
    ['a problem whose detail is no text', json(422, { type: 'x', detail: [{ msg: 'no' }] })],
    ['a problem whose errors are no list', json(422, { type: 'x', errors: { a: 1 } })],
    ['a problem with a broken error', json(422, { type: 'x', errors: [null] })],
    ['nothing', new Response(null, { status: 500 })],
  ])('%s → unexpected-response', async (_, response) => {
    const problem = await readProblem(response)
    expect(problem.code).toBe('unexpected-response')
    expect(problem.status).toBe(response.status)
    expect(problem.message).toMatch(SENTENCE)
    expect({ ...problem.fields }).toEqual({})
  })

  it('a connection that breaks in the body → offline', async () => {
    const body = new ReadableStream({
      start: (controller) => controller.error(new TypeError('terminated')),
    })
    const headers = { 'Content-Type': 'application/problem+json' }
    const response = new Response(body, { status: 500, headers })
    await expect(readProblem(response)).rejects.toMatchObject({ code: 'offline', status: 0 })
  })
})
