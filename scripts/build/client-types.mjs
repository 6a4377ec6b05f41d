// Writes src/client/api.ts: the types of the client, one interface per schema and one entry per
// operation of the OpenAPI document. `npm run types`; with --check it only compares,
// and with --written it takes the document as another script has just written it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { must } from '../tools.mjs'

export const target = 'src/client/api.ts'
const document = 'dist/openapi.json'

/** Headers that the client sends by itself, or that the browser's cache sends. */
const AUTOMATIC = new Set(['x-d1-bookmark', 'if-none-match'])
const FORM = 'application/x-www-form-urlencoded'

const indent = (text) => text.replaceAll(/^(?=.)/gm, '  ')
/** A member's name, quoted only where TypeScript needs it. */
const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`)
/** A JSDoc comment, wrapped at 90 columns: most stand two or four columns from the left. */
function comment(text) {
  if (!text) return ''
  const safe = text.replaceAll('*/', '*\\/').replaceAll(/\s+/g, ' ')
  if (safe.length <= 80) return `/** ${safe} */\n`
  return `/**\n${safe.replaceAll(/(\S.{0,85})(?:\s|$)/g, ' * $1\n')} */\n`
}
/** `if-match` → `If-Match` (RFC 9110 writes field names so; they compare without case). */
const headerName = (name) => name.replaceAll(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase())
const literal = (value) => (typeof value === 'string' ? `'${value}'` : String(value))
/** One line, or one line for each type where that would be too long. */
function union(types) {
  const unique = [...new Set(types)]
  const line = unique.join(' | ')
  return line.length <= 80
    ? line
    : unique.map((type) => `\n  | ${type.replaceAll('\n', '\n    ')}`).join('')
}

/** A union of one line each begins on the next line: no space stays behind `:` or `=`. */
const untrailed = (text) => text.replaceAll(/([:=]) \n/g, '$1\n')

/** The members of an object type, one a line. */
const members = (entries) =>
  entries
    .map(({ name, type, required, description }) => {
      // A whole group of parameters is given or left out: it needs no `undefined` of its own.
      const absent = required || type.startsWith('{') ? '' : ' | undefined'
      const member = `${key(name)}${required ? '' : '?'}: ${type}${absent}`
      return comment(description) + untrailed(member)
    })
    .join('\n')

function objectType({ properties = {}, required = [], additionalProperties }) {
  const entries = Object.entries(properties).map(([name, schema]) => ({
    name,
    type: typeOf(schema),
    required: required.includes(name),
    description: schema.description,
  }))
  const others = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : ''
  if (entries.length === 0) {
    const closed = additionalProperties === false ? 'never' : 'unknown'
    return `Record<string, ${others || closed}>`
  }
  const rest = others ? '\n[member: string]: unknown' : ''
  return `{\n${indent(members(entries) + rest)}\n}`
}

const simple = { string: 'string', number: 'number', integer: 'number', boolean: 'boolean' }

/** The TypeScript type of a JSON Schema (2020-12, as OpenAPI 3.1 uses it). */
export function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').at(-1)
  const either = schema.anyOf ?? schema.oneOf
  if (either) return union(either.map(typeOf))
  if (schema.allOf) return schema.allOf.map(typeOf).join(' & ')
  if (schema.enum) return union(schema.enum.map(literal))
  if ('const' in schema) return literal(schema.const)
  if (Array.isArray(schema.type)) {
    return union(schema.type.map((type) => typeOf({ ...schema, type })))
  }
  if (schema.format === 'binary') return 'Blob'
  if (schema.type === 'null') return 'null'
  if (schema.type === 'array') {
    const item = typeOf(schema.items ?? {})
    return /[ {]/.test(item) ? `Array<${item}>` : `${item}[]`
  }
  if (schema.type === 'object') return objectType(schema)
  return simple[schema.type] ?? 'unknown'
}

/** One parameter object of an operation: `path`, `query` or `headers`. */
function parametersType(parameters, place) {
  const entries = parameters
    .filter((parameter) => parameter.in === place && !AUTOMATIC.has(parameter.name.toLowerCase()))
    .map(({ name, schema, required, description = schema.description }) => ({
      name: place === 'header' ? headerName(name) : name,
      type: typeOf(schema),
      required,
      description,
    }))
  if (entries.length === 0) return []
  const name = place === 'header' ? 'headers' : place
  const required = entries.some((entry) => entry.required)
  return [{ name, required, type: `{\n${indent(members(entries))}\n}` }]
}

function bodyType({ required = false, content = {} } = {}) {
  const types = Object.entries(content)
  if (types.length === 0) return []
  const name = types[0][0] === FORM ? 'form' : 'body'
  return [{ name, required, type: union(types.map(([, { schema }]) => typeOf(schema))) }]
}

/** The type an operation resolves to. Undefined: no JSON and no file, so it is not for `fetch`. */
function answerType(responses) {
  const types = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, { content }]) => {
      if (!content) return ['undefined']
      return Object.entries(content).map(([type, { schema }]) => {
        if (type.includes('json')) return typeOf(schema)
        return type === 'text/html' ? undefined : 'Blob'
      })
    })
  return types.length === 0 || types.includes(undefined) ? undefined : union(types)
}

function operationEntry([method, path, operation, shared]) {
  const answer = answerType(operation.responses)
  if (!answer) return []
  const parameters = [...shared, ...(operation.parameters ?? [])]
  const entries = [
    ...['path', 'query', 'header'].flatMap((place) => parametersType(parameters, place)),
    ...bodyType(operation.requestBody),
    { name: 'answer', required: true, type: answer },
  ]
  const name = `${method.toUpperCase()} ${path}`
  return [`${comment(operation.summary)}'${name}': {\n${indent(members(entries))}\n}`]
}

/** The codes of problems that operations name in the descriptions of their answers. */
function problemCodes(operations) {
  const codes = operations.flatMap(([, , { responses }]) =>
    Object.values(responses)
      .filter(({ content }) => content?.['application/problem+json'])
      .flatMap(({ description }) => [...description.matchAll(/`([a-z-]+)`/g)].map(([, c]) => c)),
  )
  if (codes.length === 0) throw new Error('No operation names a problem in its descriptions')
  return [...new Set(codes)].sort()
}

/** By name, so that a moved route changes nothing here. */
const sorted = (values) => Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

/** The text of src/client/api.ts for an OpenAPI document. */
export function clientTypes({ paths, components }) {
  const operations = sorted(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      return [method, path, item[method], item.parameters ?? []]
    }),
  )
  const schemas = sorted(components.schemas).map(([name, schema]) => {
    const type = typeOf(schema)
    const text = type.startsWith('{') ? `interface ${name} ${type}` : `type ${name} = ${type}`
    return `${comment(schema.description)}export ${untrailed(text)}\n`
  })
  const codes = problemCodes(operations).map(literal)
  return [
    '// Generated from the OpenAPI document by scripts/build/client-types.mjs: npm run types\n',
    ...schemas,
    untrailed(
      `/** The code of a problem: the last part of its \`type\`. */\nexport type ProblemCode = ${union(codes)}\n`,
    ),
    `/** Every operation: what it takes, and what it resolves to. */\nexport interface Operations {\n${indent(operations.flatMap(operationEntry).join('\n'))}\n}\n`,
  ].join('\n')
}

async function main() {
  if (!process.argv.includes('--written'))
    await must('Writing the API document', [process.execPath, 'scripts/build/openapi.mjs'])
  const text = clientTypes(JSON.parse(readFileSync(document, 'utf8')))
  const former = existsSync(target) ? readFileSync(target, 'utf8') : ''
  if (text === former) return
  if (process.argv.includes('--check')) {
    console.error(`The API has changed and ${target} has not: npm run types`)
    process.exit(1)
  }
  writeFileSync(target, text)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main()
