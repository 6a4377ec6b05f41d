// Any value in any place: each operation answers arbitrary bodies, queries, paths and headers with
// a response that the API document has, and never with a 5xx. The values come from fast-check with
// a fixed seed.
import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { call } from '../support/client'
import { apiDocument } from '../support/openapi'
import { freshName, register, signIn } from '../support/users'
import { FORM_TYPE, JSON_TYPE } from './corpus'
import { type Api, targets } from './targets'

const RUNS = 8
const SEED = 20261123

let token: string
beforeAll(async () => {
  const someone = await register('mallory', `${freshName()} only she knows`)
  token = (await signIn(someone.email, someone.password)).token
})

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ maxLength: 40 }),
  fc.webUrl(),
  fc.emailAddress(),
  fc.integer().map(String),
)
const anyJson = fc.oneof(fc.jsonValue({ depthSize: 'medium' }), anyText)

/** Members that the operation knows, fine or arbitrary, some missing, some more. */
const anyObject = (example: unknown) =>
  typeof example !== 'object' || example === null
    ? anyJson
    : fc
        .tuple(
          fc.record(
            Object.fromEntries(
              Object.entries(example).map(([name, fine]) => [
                name,
                fc.oneof(
                  { weight: 2, arbitrary: fc.constant(fine) },
                  { weight: 1, arbitrary: anyJson },
                ),
              ]),
            ),
            { requiredKeys: [] },
          ),
          fc.oneof(
            { weight: 4, arbitrary: fc.constant({}) },
            { weight: 1, arbitrary: fc.dictionary(anyText, anyJson, { maxKeys: 3 }) },
          ),
        )
        .map(([known, more]) => ({ ...known, ...more }))

const anyQuery = (names: string[]) =>
  fc
    .array(fc.tuple(fc.oneof(fc.constantFrom('limit', ...names), anyText), anyText), {
      maxLength: 4,
    })
    .map((pairs) =>
      pairs
        .map((pair) => pair.map((text) => encodeURIComponent(text.toWellFormed())).join('='))
        .join('&'),
    )

const anyHeaders = fc.record(
  Object.fromEntries(
    [
      'If-Match',
      'If-None-Match',
      'Idempotency-Key',
      'X-D1-Bookmark',
      'Cookie',
      'Origin',
      'Sec-Fetch-Site',
      'User-Agent',
      'Accept',
    ].map((name) => [name, fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/)]),
  ),
  { requiredKeys: [] },
)

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

const operations = targets((await apiDocument()) as unknown as Api)

it.each(operations.map((target) => [`${target.method} ${target.path}`, target] as const))(
  '%s → a documented response for any member',
  async (_, { method, path, query, pathNames, mediaTypes, example }) => {
    const isForm = mediaTypes.includes(FORM_TYPE)
    const hasBody = isForm || mediaTypes.includes(JSON_TYPE)
    await fc.assert(
      fc.asyncProperty(
        hasBody
          ? fc.oneof(
              { weight: 4, arbitrary: anyObject(example) },
              { weight: 1, arbitrary: anyJson },
            )
          : fc.constant(null),
        anyQuery(query),
        fc.oneof(
          fc.constant('1'),
          anyText.filter((text) => !/^\.*$/.test(text)),
        ),
        anyHeaders,
        fc.boolean(),
        async (body, search, id, headers, signedIn) => {
          const segment = encodeURIComponent(id.toWellFormed())
          const where = pathNames.length > 0 ? path.replaceAll(/\{\w+\}/g, segment) : path
          const form = Object.entries(Object(body)).map(
            ([name, value]) =>
              [name.toWellFormed(), textOf(value).toWellFormed()] as [string, string],
          )
          const answer = await call(method, `${where}?${search}`, {
            headers: headers as Record<string, string>,
            token: signedIn ? token : undefined,
            ...(hasBody && (isForm ? { form } : { json: body })),
          })
          expect(answer.status).toBeLessThan(500)
        },
      ),
      { seed: SEED, numRuns: RUNS },
    )
  },
  20_000,
)
