import type { JsonObject } from '@roomserver/types'
import * as z from 'zod'
import { type Wire, type WireShape, wireOf } from '../wire/annotation.ts'

/** The JSON Schemas of the wire, by name; they refer to each other as components of an OpenAPI document. */
export function jsonSchemas(
  requests: readonly z.ZodType[],
  responses: readonly z.ZodType[],
): Readonly<Record<string, JsonObject>> {
  const incoming = new Set<z.ZodType>()
  const all = new Set<z.ZodType>()
  for (const request of requests) collect(request, incoming)
  for (const root of [...requests, ...responses]) collect(root, all)
  const { schemas } = z.toJSONSchema(namesOf(all), {
    uri: (id) => `#/components/schemas/${id}`,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const schema = zodSchema as unknown as z.ZodType
      rewrite(schema, jsonSchema)
      if (incoming.has(schema)) delete jsonSchema.required
    },
  })
  const plain = JSON.parse(JSON.stringify(schemas)) as Readonly<Record<string, JsonObject>>
  return Object.fromEntries(
    Object.entries(plain)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, { $schema: _schema, $id: _id, ...schema }]) => [name, schema]),
  )
}

/** The name that a schema has among the components. */
export function componentName(schema: z.ZodType): string {
  const { go } = wireOf(schema)
  return go.slice(go.indexOf('.') + 1)
}

/** Adds a schema and all it is made of. */
function collect(schema: z.ZodType, found: Set<z.ZodType>): void {
  if (found.has(schema)) return
  found.add(schema)
  for (const part of partsOf(wireOf(schema))) collect(part, found)
}

function namesOf(schemas: ReadonlySet<z.ZodType>) {
  const names = z.registry<{ id: string }>()
  for (const schema of schemas) {
    if (HAVE_NAMES.has(wireOf(schema).kind)) names.add(schema, { id: componentName(schema) })
  }
  return names
}

const HAVE_NAMES: ReadonlySet<WireShape['kind']> = new Set(['struct', 'flat', 'event', 'event-reference'])

function partsOf(wire: Wire): readonly z.ZodType[] {
  switch (wire.kind) {
    case 'struct':
      return Object.values(wire.members)
    case 'list':
    case 'map':
    case 'pointer':
      return [wire.of]
    case 'flat':
      return [wire.value]
    case 'string':
    case 'bool':
    case 'int':
    case 'event':
    case 'event-reference':
    case 'value':
    case 'object':
    case 'text':
      return []
  }
}

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Turns what Zod says of the values in process into what stands on the wire. */
function rewrite(schema: z.ZodType, json: JsonSchema): void {
  const wire = annotationOf(schema)
  if (wire === undefined) return
  switch (wire.kind) {
    case 'struct':
      json.required = Object.entries(wire.members)
        .filter(([, member]) => wireOf(member).omitZero !== true)
        .map(([name]) => name)
      if (json.required.length === 0) delete json.required
      delete json.additionalProperties
      return
    case 'list':
      return orNull(json, wire.empty !== '[]')
    case 'event':
      return replace(json, {
        type: 'object',
        properties: { _room_version: { type: 'string' }, _event_id: { type: 'string' } },
        required: ['_room_version', '_event_id'],
      })
    case 'event-reference':
      return replace(json, {
        type: 'array',
        prefixItems: [
          { type: 'string' },
          { type: 'object', properties: { sha256: { type: 'string' } }, required: ['sha256'] },
        ],
      })
    case 'map':
      return replace(json, { type: 'object', additionalProperties: valueSchema(wire.of) })
    case 'flat':
      return replace(json, { type: 'object', additionalProperties: valueSchema(wire.value) })
    case 'object':
      return replace(json, { type: 'object' })
    case 'value':
    case 'text':
      return replace(json, {})
    case 'string':
    case 'bool':
    case 'int':
    case 'pointer':
  }
}

function annotationOf(schema: z.ZodType): Wire | undefined {
  try {
    return wireOf(schema)
  } catch {
    return undefined
  }
}

/** Puts another schema in the place of `json`; its description stays. */
function replace(json: JsonSchema, by: JsonSchema): void {
  const { description } = json
  for (const key of Object.keys(json)) delete json[key]
  Object.assign(json, description === undefined ? {} : { description }, by)
}

function orNull(json: JsonSchema, isNullable: boolean): void {
  if (isNullable && json.type === 'array') Object.assign(json, { type: ['array', 'null'] })
}

/** The schema of the values of a map, which Zod does not go into. */
function valueSchema(schema: z.ZodType): JsonSchema {
  const wire = wireOf(schema)
  switch (wire.kind) {
    case 'string':
      return { type: 'string' }
    case 'bool':
      return { type: 'boolean' }
    case 'int':
      return { type: 'integer' }
    case 'list':
      return { type: ['array', 'null'] as never, items: valueSchema(wire.of) }
    case 'pointer':
      return { anyOf: [valueSchema(wire.of), { type: 'null' }] }
    case 'map':
      return { type: 'object', additionalProperties: valueSchema(wire.of) }
    case 'struct':
    case 'event':
    case 'event-reference':
    case 'flat':
      return { $ref: `#/components/schemas/${componentName(schema)}` }
    case 'object':
      return { type: 'object' }
    case 'value':
    case 'text':
      return {}
  }
}
