import type { Asking } from '@roomserver/types'
import type { z } from 'zod'
import { wireOf } from '../wire/annotation.ts'
import { zeroOf } from '../wire/zero.ts'
import { OPEN_LIST, OPEN_OBJECT } from './bytes.ts'
import { opens } from './expecting.ts'
import type { JsonReader } from './json-reader.ts'
import { readerOf } from './readers.ts'
import { type StructShape, structShape } from './struct-shape.ts'
import type { TypeFaults } from './type-faults.ts'

/** How much is read between two breaths, in bytes: about a millisecond's work. */
const BREATH_BYTES = 128 * 1024

/** Reads a value as {@link readerOf} does, breathing between the elements of the lists near its top. */
export function* readSlowly(
  schema: z.ZodType,
  input: JsonReader,
  faults: TypeFaults,
): Asking<never, unknown> {
  const wire = wireOf(schema)
  if (wire.kind === 'struct') return yield* readStruct(structShape(schema, wire), input, faults)
  if (wire.kind !== 'list') return readerOf(schema)(input, faults)
  if (!opens(input, faults, OPEN_LIST, wire.go)) return zeroOf(schema)
  return yield* readElements(wire.of, input, faults)
}

function* readStruct(
  shape: StructShape,
  input: JsonReader,
  faults: TypeFaults,
): Asking<never, Readonly<Record<string, unknown>>> {
  const value: Record<string, unknown> = { ...shape.zero }
  if (!opens(input, faults, OPEN_OBJECT, shape.go)) return value
  input.enter()
  for (let first = true; input.nextMember(first); first = false) {
    const member = shape.memberOf(input.string())
    input.expectColon()
    if (member === undefined) {
      input.skip()
    } else {
      const outer = faults.enter(shape.structName, member.name)
      value[member.name] = yield* readSlowly(member.schema, input, faults)
      faults.leave(outer)
    }
  }
  return value
}

function* readElements(of: z.ZodType, input: JsonReader, faults: TypeFaults): Asking<never, unknown[]> {
  const elements: unknown[] = []
  const read = readerOf(of)
  let breathAt = input.at + BREATH_BYTES
  input.enter()
  while (input.nextElement(elements.length === 0)) {
    elements.push(read(input, faults))
    if (input.at >= breathAt) {
      yield undefined
      breathAt = input.at + BREATH_BYTES
    }
  }
  return elements
}
