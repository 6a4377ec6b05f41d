import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { type Schema, Validator } from '@cfworker/json-schema'
import { beforeAll, describe, expect, it } from 'vitest'
import project from '../package.json'
import { operationNotes } from '../src/http/docs/operations'
import { typeOf } from '../src/http/problem'
import { type ProblemCode, problemCatalog } from '../src/http/problem-catalog'
import { call, trips } from './support/client'
import {
  type ApiDocument,
  apiDocument,
  checkAnswer,
  type Operation,
  ORIGIN,
} from './support/openapi'
import { sampleOf, samples } from './support/openapi-samples'

let api: ApiDocument
let operations: Operation[]
beforeAll(async () => {
  api = await apiDocument()
  operations = Object.values(api.paths).flatMap((path) => Object.values(path))
})

describe('/openapi.json', () => {
  it('is public, costs no trip, and is the same whenever and wherever it is made', async () => {
    const response = await call('GET', '/openapi.json')
    expect(trips(response)).toBe(0)
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=300')
    const text = await response.text()
    // @ts-expect-error the query makes it another module
    const { app } = (await import('../src/app?again')) as typeof import('../src/app')
    const bindings = { ...env, SERVER_TIMING: 'off' }
    const fresh = await app.request('/openapi.json', {}, bindings, createExecutionContext())
    expect(await fresh.text()).toBe(text)
    for (const setting of ['JWT_SECRET', env.JWT_SECRET]) expect(text).not.toContain(setting)
  })

  it('has the version and the licence of package.json', () => {
    expect(api.info).toMatchObject({ version: project.version, license: { name: project.license } })
  })

  it('names, groups and explains each operation once', () => {
    expect(api.openapi).toMatch(/^3\.1\./)
    const ids = operations.map((operation) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const tags = new Set(api.tags.map((tag) => tag.name))
    for (const operation of operations) {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/)
      expect(operation.summary.length, operation.operationId).toBeGreaterThan(5)
      expect(operation.tags, operation.operationId).toHaveLength(1)
      expect(tags).toContain(operation.tags[0])
    }
  })

  it('describes a success, the errors and their headers of each operation', () => {
    for (const { operationId, responses } of operations) {
      const statuses = Object.keys(responses)
      expect(
        // A navigation succeeds with a redirect.
        statuses.some((status) => /^(?:2|303)/.test(status)),
        operationId,
      ).toBe(true)
      expect(statuses, operationId).toEqual(expect.arrayContaining(['500', '503']))
      for (const [status, { description, headers = {}, content }] of Object.entries(responses)) {
        expect(description, `${operationId} ${status}`).toMatch(/\w/)
        const expected = ['X-Request-Id']
        if (status === '201') expected.push('Location')
        if (status === '401') expected.push('WWW-Authenticate')
        if (status === '429' || status === '503') expected.push('Retry-After')
        expect(Object.keys(headers), operationId).toEqual(expect.arrayContaining(expected))
        if (status === '204' || status === '304') expect(content).toBeUndefined()
      }
    }
  })

  it('has one example for each problem of an answer, as the service answers it', () => {
    const { examples } = api.components
    let seen = 0
    for (const { operationId, responses } of operations) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        const problem = content?.['application/problem+json']
        if (!problem) continue
        const declared = [...description.matchAll(/`([a-z-]+)`: /g)].map(([, code]) => code)
        const where = `${operationId} ${status}`
        expect(Object.keys(problem.examples ?? {}).sort(), where).toEqual([...declared].sort())
        expect(problem.schema, where).toEqual({ $ref: '#/components/schemas/Problem' })
        for (const [code, { $ref }] of Object.entries(problem.examples ?? {})) {
          const { value } = examples[$ref.split('/').at(-1) as string] ?? {}
          expect(value, where).toMatchObject({ type: `/problems/${code}`, status: Number(status) })
          seen++
        }
      }
    }
    for (const [name, { value }] of Object.entries(examples))
      expect(faultsOf({ $ref: '#/components/schemas/Problem' }, value), name).toEqual([])
    expect(seen).toBeGreaterThan(300)
  })

  it('states the meaning of each problem type and what a client does', () => {
    const types = new Set(
      (Object.keys(problemCatalog) as ProblemCode[]).map((code) => typeOf(code)),
    )
    expect(new Set(Object.keys(api['x-problems']))).toEqual(types)
    for (const [type, entry] of Object.entries(api['x-problems']))
      for (const part of ['title', 'detail', 'meaning', 'action'] as const)
        expect(entry[part], `${type} ${part}`).toMatch(/\w/)
  })

  it('writes header names as RFC 9110 does', () => {
    const names = operations
      .flatMap(({ parameters = [] }) => parameters)
      .filter((parameter) => parameter.in === 'header')
      .map(({ name }) => name)
    expect(new Set(names)).toEqual(
      new Set(['If-Match', 'If-None-Match', 'Idempotency-Key', 'X-D1-Bookmark']),
    )
  })

  it('has notes for its own operations only, and an order', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(Object.keys(operationNotes).filter((id) => !ids.includes(id))).toEqual([])
    for (const { operationId, description } of operations) {
      const note = operationNotes[operationId]
      if (note) expect(description, operationId).toBe(note)
    }
    expect(Object.keys(api.paths)[0]).toBe('/api/session')
    expect(Object.keys(api.paths['/api/posts/{id}'] ?? {})).toEqual([
      'get',
      'put',
      'patch',
      'delete',
    ])
  })

  it('has an absolute server', () => {
    expect(api.servers).toEqual([{ url: ORIGIN, description: 'This service' }])
  })

  it('resolves every reference', () => {
    const found = JSON.stringify(api).matchAll(/"\$ref":"#\/components\/(\w+)\/([\w-]+)"/g)
    const components = api.components as unknown as Record<string, Record<string, unknown>>
    let references = 0
    for (const [, kind = '', name = ''] of found) {
      expect(components[kind]?.[name], `${kind}/${name}`).toBeDefined()
      references++
    }
    expect(references).toBeGreaterThan(100)
  })

  it('has examples that fit their own schemas', () => {
    for (const { operation, path, options } of samples(api)) {
      expect(path).not.toMatch(/[{}]/)
      const content = Object.entries(operation.requestBody?.content ?? {})[0]
      if (!content || content[0].startsWith('image/')) continue
      expect(
        faultsOf(content[1].schema, options.json ?? options.form),
        operation.operationId,
      ).toEqual([])
    }
    for (const [name, schema] of Object.entries(api.components.schemas)) {
      for (const [member, part] of Object.entries(
        (schema.properties ?? {}) as Record<string, Schema>,
      )) {
        if (part.example === undefined) continue
        expect(faultsOf(part, part.example), `${name}.${member}`).toEqual([])
        expect(sampleOf(api, part)).toEqual(part.example)
      }
    }
  })

  const faultsOf = (schema: Schema, value: unknown) => {
    const whole = JSON.stringify({ ...schema, $defs: api.components.schemas })
    const local = JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')) as Schema
    return new Validator(local, '2020-12', false).validate(value).errors.map((e) => e.error)
  }
})

describe('the check of every answer', () => {
  const me = { method: 'POST', path: '/api/users/me', headers: new Headers() }
  const safe = {
    'X-Request-Id': crypto.randomUUID(),
    'X-Content-Type-Options': 'nosniff',
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  }
  const health = { method: 'GET', path: '/health', headers: new Headers() }
  const check = (
    asked: typeof me,
    status: number,
    body: unknown,
    headers: Record<string, string>,
  ) =>
    checkAnswer(
      asked,
      new Response(body === null ? null : JSON.stringify(body), {
        status,
        headers: { 'Content-Type': 'application/json', ...safe, ...headers },
      }),
    )

  it('accepts a documented response', async () => {
    await check(health, 200, { status: 'ok', version: null }, {})
  })

  it('rejects each deviation from the document', async () => {
    const problem = {
      title: 'Nothing here',
      status: 404,
      detail: 'x',
      request_id: safe['X-Request-Id'],
    }
    const problemType = { 'Content-Type': 'application/problem+json' }
    const table: [RegExp, () => Promise<void>][] = [
      [/does not have this path/, () => check({ ...health, path: '/other' }, 200, {}, {})],
      [/does not have this method/, () => check({ ...health, method: 'PUT' }, 200, {}, {})],
      [/does not have this status/, () => check(health, 202, {}, {})],
      [/type is text\/plain/, () => check(health, 200, {}, { 'Content-Type': 'text/plain' })],
      [/HTML/, () => check(health, 200, {}, { 'Content-Type': 'text/html' })],
      [/required/, () => check(health, 200, {}, {})],
      [/status/, () => check(health, 200, { status: 'odd' }, {})],
      [/additional/i, () => check(health, 200, { status: 'ok', version: null, more: 1 }, {})],
      [
        /X-Request-Id is 7/,
        () => check(health, 200, { status: 'ok', version: null }, { 'X-Request-Id': '7' }),
      ],
      [/any origin/, () => check(health, 200, {}, { 'Access-Control-Allow-Origin': '*' })],
      [
        /trips/,
        () =>
          check(
            health,
            200,
            { status: 'ok', version: null },
            { 'Server-Timing': 'd1;desc="trips=1"' },
          ),
      ],
      [/the cookie lacks Secure/, () => check(health, 200, {}, { 'Set-Cookie': '__Host-a=b' })],
      [/password hash/, () => check(health, 200, { a: '$argon2id$' }, {})],
      [/no problem has the type/, () => check(me, 404, { ...problem, type: '/x' }, problemType)],
      [
        /are not those of/,
        () => check(me, 401, { ...problem, type: '/problems/not-found' }, problemType),
      ],
      [/WWW-Authenticate/, () => check(me, 401, problem, problemType)],
      [/Retry-After/, () => check(me, 429, problem, problemType)],
      [/an error has the type/, () => check(me, 404, problem, {})],
      ...Object.keys(safe).map((name): [RegExp, () => Promise<void>] => [
        new RegExp(`${name} is`),
        () => check({ ...me, method: 'GET' }, 200, {}, { [name]: '' }),
      ]),
    ]
    for (const [fault, answer] of table)
      await expect(answer(), String(fault)).rejects.toThrow(fault)
  })
})
