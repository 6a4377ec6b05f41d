/**
 * A request for each operation of the API document, made of its examples, so that a test can walk
 * them all.
 */
import type { Schema } from '@cfworker/json-schema'
import type { Call } from './client'
import type { ApiDocument, Operation } from './openapi'

export interface Sample {
  method: string
  path: string
  operation: Operation
  options: Call
  /** The scopes of its `security`; null for an operation that anyone may call. */
  scopes: string[] | null
}

/** One pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Every operation with a request that its own schemas accept. */
export function samples(api: ApiDocument): Sample[] {
  return Object.entries(api.paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: samplePath(api, template, operation),
      operation,
      options: sampleBody(api, operation),
      scopes: requiredScopes(operation),
    })),
  )
}

/**
 * The scopes that an operation requires; null where an empty requirement makes the token optional.
 */
function requiredScopes({ security }: Operation): string[] | null {
  const [first] = security ?? []
  return first && Object.keys(first).length > 0 ? (Object.values(first)[0] ?? []) : null
}

function samplePath(api: ApiDocument, template: string, { parameters = [] }: Operation): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((p) => p.in === 'path' && p.name === name)
    if (!parameter) throw new Error(`${template} does not describe ${name}`)
    return encodeURIComponent(String(sampleOf(api, parameter.schema)))
  })
}

function sampleBody(api: ApiDocument, { requestBody }: Operation): Call {
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  if (!type || !content) return {}
  if (type.startsWith('image/')) {
    const body = Uint8Array.from(atob(PNG), (character) => character.charCodeAt(0))
    return { body, headers: { 'Content-Type': type } }
  }
  const sample = sampleOf(api, content.schema)
  return type === 'application/json' ? { json: sample } : { form: sample as Record<string, string> }
}

/** A value made of a schema's examples: all members of an object if none is required. */
export function sampleOf(api: ApiDocument, given: Schema): unknown {
  const name = given.$ref?.replace('#/components/schemas/', '')
  const schema = name ? api.components.schemas[name] : given
  if (!schema) throw new Error(`no schema ${name}`)
  if (schema.anyOf?.[0]) return sampleOf(api, schema.anyOf[0])
  const example = schema.example ?? schema.examples?.[0] ?? schema.enum?.[0] ?? schema.const
  if (example !== undefined) return example
  switch ([schema.type].flat()[0]) {
    case 'object': {
      const members = Object.entries(schema.properties ?? {})
      const chosen = schema.required?.length
        ? members.filter(([member]) => schema.required?.includes(member))
        : members
      return Object.fromEntries(
        chosen.map(([member, part]) => [member, sampleOf(api, part as Schema)]),
      )
    }
    case 'boolean':
      return true
    case 'integer':
    case 'number':
      return 1
    default:
      return 'A'.repeat(Math.max(22, schema.minLength ?? 0))
  }
}
