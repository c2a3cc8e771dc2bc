import type { z } from 'zod'
import type { Wire } from '../wire/annotation.ts'
import { zeroOf } from '../wire/zero.ts'
import { foldName } from './fold-name.ts'
import { TAKEN } from './held-bytes.ts'
import type { JsonReader } from './json-reader.ts'

/** A known member of a struct. */
export interface Member {
  readonly name: string
  readonly schema: z.ZodType
}

/** What reading a struct needs of its schema, worked out once. */
export interface StructShape {
  /** The Go type named in faults. */
  readonly go: string
  /** The same without its package; empty for a type without a name. */
  readonly structName: string
  /** A value in which every member is zero. @throws {SizeFault} when it is one too many */
  newValue(input: JsonReader): Record<string, unknown>
  /** The member that a name on the wire means: the exact one, or else one that differs in case only. */
  memberOf(name: string): Member | undefined
}

const shapes = new WeakMap<z.ZodType, StructShape>()

/** The shape of a struct's schema. */
export function structShape(schema: z.ZodType, wire: Wire & { readonly kind: 'struct' }): StructShape {
  let shape = shapes.get(schema)
  if (shape === undefined) {
    shape = makeShape(schema, wire)
    shapes.set(schema, shape)
  }
  return shape
}

function makeShape(schema: z.ZodType, wire: Wire & { readonly kind: 'struct' }): StructShape {
  const exact = new Map<string, Member>()
  const folded = new Map<string, Member>()
  for (const [name, member] of Object.entries(wire.members)) {
    exact.set(name, { name, schema: member })
    folded.set(foldName(name), { name, schema: member })
  }
  const go = wire.inner ?? wire.go
  const zero = zeroOf(schema) as Readonly<Record<string, unknown>>
  const bytes = TAKEN.struct + TAKEN.member * exact.size
  return {
    go,
    structName: go.startsWith('struct ') ? '' : go.slice(go.indexOf('.') + 1),
    newValue: ({ held }) => {
      held.add(bytes)
      return { ...zero }
    },
    memberOf: (name) => exact.get(name) ?? folded.get(foldName(name)),
  }
}
