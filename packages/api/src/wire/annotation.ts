import type { z } from 'zod'

/**
 * How a schema looks on the wire, beside its Zod form: what the codec, Go's error texts and the OpenAPI document need
 * and Zod does not know. `go` is the name of the Go type behind it, as Go prints it.
 */
export type Wire = WireShape & {
  /** The member is left out of its object while its value is zero. */
  readonly omitZero?: boolean
}

export type WireShape =
  | { readonly kind: 'string'; readonly go: string }
  | { readonly kind: 'bool'; readonly go: string }
  | { readonly kind: 'int'; readonly go: string }
  | { readonly kind: 'list'; readonly go: string; readonly of: z.ZodType; readonly empty: EmptyList }
  | { readonly kind: 'map'; readonly go: string; readonly of: z.ZodType }
  | {
      readonly kind: 'struct'
      readonly go: string
      readonly members: Readonly<Record<string, z.ZodType>>
      /** The nameless Go type named in faults, where the named one decodes itself into another. */
      readonly inner?: string | undefined
    }
  | { readonly kind: 'pointer'; readonly go: string; readonly of: z.ZodType }
  /** A HeaderedEvent. */
  | { readonly kind: 'event'; readonly go: string }
  /** `["$id", {"sha256": "…"}]` */
  | { readonly kind: 'event-reference'; readonly go: string }
  /** Any JSON value, parsed. */
  | { readonly kind: 'value'; readonly go: string; readonly maxBytes?: number | undefined }
  /** A JSON object, parsed. `maxBytes`: longest canonical form that is read. */
  | { readonly kind: 'object'; readonly go: string; readonly maxBytes?: number | undefined }
  /** Any JSON value as the text it came in. */
  | { readonly kind: 'text'; readonly go: string }
  /** A list in process that is one object on the wire: the key members joined by U+001F name each value. */
  | {
      readonly kind: 'flat'
      readonly go: string
      readonly member: string
      readonly keys: readonly string[]
      readonly valueName: string
      readonly value: z.ZodType
    }

/** How a list without elements is written: as Go writes one that was never filled, or one that was made empty. */
export type EmptyList = 'null' | '[]' | 'as-given'

const annotations = new WeakMap<z.ZodType, Wire>()

/** Gives a schema its annotation. */
export function annotate(schema: z.ZodType, wire: Wire): void {
  annotations.set(schema, wire)
}

/**
 * The annotation of a schema that was made by the builders beside this file.
 *
 * @throws {TypeError} for any other schema
 */
export function wireOf(schema: z.ZodType): Wire {
  const wire = annotations.get(schema)
  if (wire === undefined) throw new TypeError('the schema has no wire annotation')
  return wire
}
