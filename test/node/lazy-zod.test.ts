/** The schemas that the Worker bundles are zod's, built when they are needed. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as whole from 'zod'

type Makers = Pick<
  typeof whole,
  'array' | 'enum' | 'int' | 'looseObject' | 'object' | 'strictObject' | 'string' | 'union'
>
// TypeScript takes minutes to compare the types of the two modules.
const file = '../../scripts/build/lazy-zod'
const { z: lazy }: { z: Makers } = await import(file)

const INPUTS = [
  { name: 'abcd' },
  { name: 'b', more: 1 },
  { name: 'abc', pair: { a: 5 } },
  { name: 'abcd', pair: { b: 1, c: 2 }, all: ['x', 'ab'] },
  null,
]

function findings(z: Makers) {
  const text = z.string().min(2, 'is short').max(5).regex(/^a/)
  const name = text.refine((s) => s !== 'abc')
  const pair = z.union([z.strictObject({ a: name }), z.looseObject({ b: z.int() })])
  const schema = z.object({ name, pair: pair.optional(), all: z.array(name).default([]) }).strict()
  return INPUTS.map((input) => {
    const { success, data, error } = schema.safeParse(input)
    return { success, data, issues: error?.issues }
  })
}

describe('a lazy schema', () => {
  it('is built by its first use, not before', () => {
    const broken = lazy.enum(null as never).optional()
    expect(() => broken.safeParse('a')).toThrow()
  })

  it('finds what zod finds', () => {
    expect(findings(lazy)).toEqual(findings(whole))
  })

  it('has the other members of its schema', () => {
    const schema = lazy.enum(['a', 'b'])
    expect(schema.options).toEqual(['a', 'b'])
    expect(lazy.object({ a: schema }).shape.a.parse('a')).toBe('a')
    expect(schema.isOptional()).toBe(false)
  })

  it('accepts descriptions and drops them', () => {
    const schema = lazy.string().meta({ description: 'a text' })
    expect(schema.safeParse('a').success).toBe(true)
    expect(whole.globalRegistry.get(schema)).toBeUndefined()
  })
})

it('every function of zod in src/ is in scripts/build/lazy-zod.ts: TypeScript cannot see that', () => {
  const used = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [...readFileSync(`src/${path}`, 'utf8').matchAll(/\bz\.([a-z]\w*)\(/g)])
    .map(([, name = '']) => name)
  expect(used.length).toBeGreaterThan(100)
  const missing = used.filter((name) => !(name in lazy))
  expect([...new Set(missing)], 'add them to scripts/build/lazy-zod.ts').toEqual([])
})
