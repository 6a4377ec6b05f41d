/** examples/requests.http, run from top to bottom as an editor would run it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ORIGIN } from './app.ts'

interface Answer {
  body: Record<string, unknown>
  headers: Headers
}

const text = readFileSync('examples/requests.http', 'utf8')
const [head = '', ...blocks] = text.split(/^### /m)

const variables = new Map<string, string>()
for (const [, name = '', value = ''] of head.matchAll(/^@(\w+) = (.+)$/gm))
  variables.set(name, value)
// The service of the test, and a person of its own.
variables.set('origin', ORIGIN)
for (const name of ['username', 'email'])
  variables.set(name, `http${process.pid}${variables.get(name)}`)

const answers = new Map<string, Answer>()

/** `{{name}}`, `{{request.response.body.member}}` or `{{request.response.headers.Name}}`. */
function lookUp(expression: string): unknown {
  const [name = '', , part, member = ''] = expression.split('.')
  if (part === 'headers') return answers.get(name)?.headers.get(member)
  if (part === 'body') return answers.get(name)?.body[member]
  return variables.get(name)
}
function fill(template: string): string {
  return template.replaceAll(/\{\{([\w.]+)\}\}/g, (_, expression: string) => {
    const value = lookUp(expression)
    assert.ok(value !== undefined && value !== null, `{{${expression}}} has a value`)
    return String(value)
  })
}

/** Title and status, then comments, the request line, headers, and a body after an empty line. */
function parse(block: string) {
  const [, title = '', status = ''] = /^(.+): (\d{3})\n/.exec(block) ?? []
  const request = block
    .split('\n')
    .slice(1)
    .filter((line) => !line.startsWith('#'))
  const [top = '', ...rest] = fill(request.join('\n')).trim().split('\n\n')
  const [line = '', ...fields] = top.split('\n')
  const [method = '', url = ''] = line.split(' ')
  return {
    title,
    status: Number(status),
    name: /^# @name (\w+)$/m.exec(block)?.[1],
    method,
    url,
    headers: new Headers(fields.map((field) => field.split(': ') as [string, string])),
    body: rest.join('\n\n'),
  }
}

test('examples/requests.http: each request has the status of its title', async (t) => {
  assert.ok(blocks.length > 10)
  for (const block of blocks) {
    const { title, status, name, method, url, headers, body } = parse(block)
    await t.test(title, async () => {
      const response = await fetch(url, { method, headers, ...(body && { body }) })
      const told = await response.text()
      assert.equal(response.status, status, told)
      if (name) answers.set(name, { body: JSON.parse(told), headers: response.headers })
    })
  }
})
