/** src/client/api.ts: the OpenAPI document in TypeScript. */
import { describe, expect, it } from 'vitest'
import { clientTypes, typeOf } from '../../scripts/build/client-types.mjs'

const problem = {
  description: '`tea-only`: Only tea; `no-cup`: No cup',
  content: { 'application/problem+json': { schema: {} } },
}
const text = { type: 'string' }
const json = (schema: object) => ({ 'application/json': { schema } })

/** A document with one route that the client has never seen. */
const document = {
  paths: {
    '/api/teas/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      patch: {
        summary: 'Change a tea',
        parameters: [
          {
            name: 'if-match',
            in: 'header',
            required: false,
            schema: text,
            description: 'Its ETag',
          },
          { name: 'x-d1-bookmark', in: 'header', required: false, schema: text },
          { name: 'warm', in: 'query', required: false, schema: { type: 'boolean' } },
        ],
        requestBody: { required: true, content: json({ $ref: '#/components/schemas/Tea' }) },
        responses: { 200: { content: json({ $ref: '#/components/schemas/Tea' }) }, 409: problem },
      },
      delete: { summary: 'Drink it', responses: { 204: {}, 409: problem } },
      get: {
        summary: 'A page',
        responses: { 200: { content: { 'text/html': { schema: text } } } },
      },
    },
    '/api/form': {
      post: {
        summary: 'A form',
        requestBody: {
          required: true,
          content: { 'application/x-www-form-urlencoded': { schema: text } },
        },
        responses: { 200: { content: { 'image/png': { schema: { ...text, format: 'binary' } } } } },
      },
    },
  },
  components: {
    schemas: {
      Tea: {
        type: 'object',
        properties: { name: text, note: { type: ['string', 'null'], description: 'Any */ text' } },
        required: ['name'],
      },
    },
  },
}

describe('clientTypes', () => {
  it('a new route appears with its parameters, its body and its answer', () => {
    expect(clientTypes(document)).toBe(`\
// Generated from the OpenAPI document by scripts/build/client-types.mjs: npm run types

export interface Tea {
  name: string
  /** Any *\\/ text */
  note?: string | null | undefined
}

/** The code of a problem: the last part of its \`type\`. */
export type ProblemCode = 'no-cup' | 'tea-only'

/** Every operation: what it takes, and what it resolves to. */
export interface Operations {
  /** A form */
  'POST /api/form': {
    form: string
    answer: Blob
  }
  /** Change a tea */
  'PATCH /api/teas/{id}': {
    path: {
      id: number
    }
    query?: {
      warm?: boolean | undefined
    }
    headers?: {
      /** Its ETag */
      'If-Match'?: string | undefined
    }
    body: Tea
    answer: Tea
  }
  /** Drink it */
  'DELETE /api/teas/{id}': {
    path: {
      id: number
    }
    answer: undefined
  }
}
`)
  })

  it('no problem in any description → an error, not an empty type', () => {
    const silent = { paths: {}, components: { schemas: {} } }
    expect(() => clientTypes(silent)).toThrow('No operation names a problem')
  })
})

describe('typeOf', () => {
  it.each([
    [{ type: 'integer' }, 'number'],
    [{ type: ['integer', 'null'] }, 'number | null'],
    [{ enum: ['a', 'b'] }, "'a' | 'b'"],
    [{ type: ['string', 'null'], enum: ['a', null] }, "'a' | null"],
    [{ const: true }, 'true'],
    [{ anyOf: [{ $ref: '#/components/schemas/Tea' }, { type: 'null' }] }, 'Tea | null'],
    [{ type: 'array', items: { type: ['string', 'null'] } }, 'Array<string | null>'],
    [{ type: 'array', items: text }, 'string[]'],
    [{ type: 'object', additionalProperties: text }, 'Record<string, string>'],
    [{ type: 'object', properties: {}, additionalProperties: false }, 'Record<string, never>'],
    [{ type: 'object' }, 'Record<string, unknown>'],
    [{ type: 'object', properties: { 'a-b': {} } }, "{\n  'a-b'?: unknown | undefined\n}"],
    [{}, 'unknown'],
  ])('%j → %s', (schema, type) => {
    expect(typeOf(schema)).toBe(type)
  })
})
