/** The zod that the Worker bundles is the package's own, less what is listed here. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as whole from 'zod'
import * as withoutJsonSchema from '../../scripts/build/zod-without-json-schema'
import * as bundled from '../../scripts/build/zod-without-locales'

describe('zod without locales', () => {
  it('lacks only what no schema is made with', () => {
    const missing = Object.keys(whole.z).filter((name) => !(name in bundled.z))
    expect(missing.filter((name) => /^[a-z]/.test(name)).sort()).toEqual([
      'compile',
      'core',
      'deepPartial',
      'flattenError',
      'formatError',
      'fromJSONSchema',
      'getDiscriminatedOption',
      'getErrorMap',
      'input',
      'locales',
      'memoizer',
      'output',
      'prettifyError',
      'regexes',
      'setErrorMap',
      'toJSONSchema',
      'toZod',
      'treeifyError',
      'util',
      'withParser',
    ])
  })

  it('says what is wrong in the same words', () => {
    const wrong = { name: 5, age: -1, at: 'noon', more: true }
    const [told, expected] = [bundled.z, whole.z].map((z) =>
      z
        .strictObject({ name: z.string(), age: z.int().min(0), at: z.iso.datetime() })
        .safeParse(wrong),
    )
    expect(told?.error?.issues).toEqual(expected?.error?.issues)
    expect(told?.error?.issues).toHaveLength(4)
  })
})

describe('zod without JSON Schema', () => {
  it('has every name that the schemas of zod import', () => {
    const source = readFileSync('node_modules/zod/v4/classic/schemas.js', 'utf8')
    const used = [...source.matchAll(/\bprocessors\.(\w+)/g)].map(([, name]) => name)
    const [, imported = ''] = /\{([^}]*)\} from "\.\.\/core\/to-json-schema\.js"/.exec(source) ?? []
    const names = new Set([...used, ...imported.split(',').map((name) => name.trim())])
    expect(names.size).toBeGreaterThan(30)
    expect(Object.keys(withoutJsonSchema).sort()).toEqual([...names].sort())
  })
})
