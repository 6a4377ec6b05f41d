/** The Worker's bundle renames classes, so errors state the names that logs show. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ERROR_CLASS = /class (\w+) extends \w*(?:Error|Exception)\b[^{]*\{(.*)/g

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !/^(?:client|web)\b/.test(file),
)

it('each class of errors has its name as a property', () => {
  const classes = sources.flatMap((file) => {
    const text = readFileSync(join('src', file), 'utf8')
    return [...text.matchAll(ERROR_CLASS)].map(([declaration, name, rest]) => ({
      file,
      name,
      body: rest || text.slice(text.indexOf(declaration) + declaration.length).trimStart(),
    }))
  })
  expect(classes.length).toBeGreaterThan(5)
  for (const { file, name, body } of classes)
    expect(body, `${name} in ${file}`).toMatch(/^override name = '\w+'/)
})
