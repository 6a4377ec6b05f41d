// The operations of the API document as targets: what each takes, and a request that would be fine.
interface Shape {
  $ref?: string
  type?: string | string[]
  example?: unknown
  properties?: Record<string, Shape>
  items?: Shape
  anyOf?: Shape[]
}
interface Operation {
  operationId: string
  parameters?: { name: string; in: string; schema: Shape; example?: unknown }[]
  requestBody?: { content: Record<string, { schema: Shape }> }
  security?: unknown[]
}
export interface Api {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Shape> }
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

/** A value that fits a schema well enough: its examples, member by member. */
export function exampleOf(api: Api, schema: Shape): unknown {
  const { $ref, example, properties, items, type, anyOf } = schema
  if ($ref) return exampleOf(api, api.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {})
  if (example !== undefined) return example
  if (anyOf?.[0]) return exampleOf(api, anyOf[0])
  if (properties) {
    const members = Object.entries(properties)
    return Object.fromEntries(members.map(([name, member]) => [name, exampleOf(api, member)]))
  }
  if (items) return [exampleOf(api, items)]
  const [kind] = [type].flat()
  return { integer: 1, number: 1, boolean: true }[kind ?? ''] ?? 'text'
}

export interface Target {
  method: string
  path: string
  query: string[]
  pathNames: string[]
  mediaTypes: string[]
  example: unknown
}

/**
 * Every operation of the document with a request that would be fine; sessions are never ended by a
 * fine one.
 */
export function targets(api: Api): Target[] {
  return Object.entries(api.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method]
      if (!operation) return []
      const content = operation.requestBody?.content ?? {}
      const named = (place: string) =>
        (operation.parameters ?? []).filter((p) => p.in === place).map((p) => p.name)
      return {
        method: method.toUpperCase(),
        path,
        query: named('query'),
        pathNames: named('path'),
        mediaTypes: Object.keys(content),
        example: exampleOf(api, Object.values(content)[0]?.schema ?? {}),
      }
    }),
  )
}
