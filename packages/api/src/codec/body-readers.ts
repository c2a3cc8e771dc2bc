import type { Asking } from '@roomserver/types'
import type { z } from 'zod'
import { wireOf } from '../wire/annotation.ts'
import { zeroOf } from '../wire/zero.ts'
import { OPEN_LIST, OPEN_OBJECT } from './bytes.ts'
import { opens } from './expecting.ts'
import type { JsonReader } from './json-reader.ts'
import { type Read, readerOf } from './readers.ts'
import { type StructShape, structShape } from './struct-shape.ts'
import { EndOfText } from './syntax-fault.ts'
import type { TypeFaults } from './type-faults.ts'

/** More bytes of a body than are at hand. */
export type MoreBytes = 'more-bytes'

/** How much is read between two breaths, in bytes: about a millisecond's work. */
const BREATH_BYTES = 128 * 1024

/**
 * Reads a value as {@link readerOf} does, breathing between the elements of the lists near its top, and asking for more
 * bytes where those at hand end before the value does: an element of such a list is read once all of it is at hand.
 */
export function* readBody(
  schema: z.ZodType,
  input: JsonReader,
  faults: TypeFaults,
): Asking<MoreBytes, unknown> {
  const wire = wireOf(schema)
  if (wire.kind === 'struct') return yield* readStruct(structShape(schema, wire), input, faults)
  if (wire.kind !== 'list') return yield* inOne(input, faults, readerOf(schema))
  if (!(yield* inOne(input, faults, () => opens(input, faults, OPEN_LIST, wire.go)))) return zeroOf(schema)
  return yield* readElements(wire.of, input, faults)
}

function* readStruct(
  shape: StructShape,
  input: JsonReader,
  faults: TypeFaults,
): Asking<MoreBytes, Readonly<Record<string, unknown>>> {
  const value: Record<string, unknown> = { ...shape.zero }
  if (!(yield* inOne(input, faults, () => opens(input, faults, OPEN_OBJECT, shape.go)))) return value
  input.enter()
  for (let first = true; ; first = false) {
    const name = yield* inOne(input, faults, () => nameOfNext(input, first))
    if (name === undefined) return value
    const member = shape.memberOf(name)
    if (member === undefined) {
      yield* inOne(input, faults, () => input.skip())
    } else {
      const outer = faults.enter(shape.structName, member.name)
      value[member.name] = yield* readBody(member.schema, input, faults)
      faults.leave(outer)
    }
  }
}

/** Steps to the next member's value and tells its name; `undefined`: the object is over. */
function nameOfNext(input: JsonReader, first: boolean): string | undefined {
  if (!input.nextMember(first)) return undefined
  const name = input.string()
  input.expectColon()
  return name
}

function* readElements(of: z.ZodType, input: JsonReader, faults: TypeFaults): Asking<MoreBytes, unknown[]> {
  const elements: unknown[] = []
  const read = readerOf(of)
  const readNext: Read = () => (input.nextElement(elements.length === 0) ? read(input, faults) : OVER)
  let breathAt = input.at + BREATH_BYTES
  input.enter()
  for (;;) {
    const element = yield* inOne(input, faults, readNext)
    if (element === OVER) return elements
    elements.push(element)
    if (input.at < breathAt) continue
    yield undefined
    breathAt = input.at + BREATH_BYTES
  }
}

/** Instead of an element: there is none any more. */
const OVER = Symbol('over')

/** Reads something of which all bytes must be at hand; where they are not, once more when there are more. */
function* inOne<Result>(
  input: JsonReader,
  faults: TypeFaults,
  read: (input: JsonReader, faults: TypeFaults) => Result,
): Asking<MoreBytes, Result> {
  for (;;) {
    if (input.isWhole) return read(input, faults)
    const { place } = input
    const { soFar } = faults
    try {
      const result = read(input, faults)
      // What reaches to the very end may go on behind it, as a number does.
      if (input.at < input.bytes.length) return result
    } catch (error) {
      if (!(error instanceof EndOfText)) throw error
    }
    input.goBack(place)
    faults.goBack(soFar)
    yield 'more-bytes'
  }
}
