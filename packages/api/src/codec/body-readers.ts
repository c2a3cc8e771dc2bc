import type { Suspendable } from '@roomserver/types'
import type { z } from 'zod'
import { wireOf } from '../wire/annotation.ts'
import { zeroOf } from '../wire/zero.ts'
import { OPEN_LIST, OPEN_OBJECT } from './bytes.ts'
import { opens } from './expecting.ts'
import type { JsonReader } from './json-reader.ts'
import type { Read } from './read.ts'
import { countEntry, readerOf } from './readers.ts'
import { type StructShape, structShape } from './struct-shape.ts'
import { EndOfText, SizeFault } from './syntax-fault.ts'
import type { TypeFaults } from './type-faults.ts'
import { ValueSkipper } from './value-skipper.ts'

/** More bytes of a body than are at hand. */
export type MoreBytes = 'more-bytes'

/** How much is read between two yield points, in bytes: about a millisecond's work. */
const YIELD_BYTES = 128 * 1024

/** How much has to be at hand at once at the most: an event with all of its escapes, a name, the space between two values. */
const MAX_AT_HAND = 1024 * 1024 + 64 * 1024

/** What of an element may be at hand before it is read a member at a time. */
const SHORT_ELEMENT_BYTES = 128 * 1024

/**
 * Reads a value as {@link readerOf} does, yielding between the elements of the lists near its top, and asking for more
 * bytes where those at hand end before the value does: an element of such a list is read once all of it is at hand.
 */
export function* readBody(
  schema: z.ZodType,
  input: JsonReader,
  faults: TypeFaults,
): Suspendable<MoreBytes, unknown> {
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
): Suspendable<MoreBytes, Readonly<Record<string, unknown>>> {
  const value = shape.newValue(input)
  if (!(yield* inOne(input, faults, () => opens(input, faults, OPEN_OBJECT, shape.go)))) return value
  input.enter()
  for (let first = true; ; first = false) {
    const name = yield* inOne(input, faults, () => nameOfNext(input, first))
    if (name === undefined) return value
    const member = shape.memberOf(name)
    if (member === undefined) {
      yield* passOver(input)
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

function* readElements(
  of: z.ZodType,
  input: JsonReader,
  faults: TypeFaults,
): Suspendable<MoreBytes, unknown[]> {
  const elements: unknown[] = []
  const read = readerOf(of)
  const isNext = () => input.nextElement(elements.length === 0)
  const readNext: Read = () => (isNext() ? read(input, faults) : OVER)
  const ifLong = hasMembers(of) ? LONG : undefined
  let yieldAt = input.at + YIELD_BYTES
  input.enter()
  for (;;) {
    let element = yield* inOne(input, faults, readNext, ifLong)
    if (element === LONG) {
      element = (yield* inOne(input, faults, isNext)) ? yield* readBody(of, input, faults) : OVER
    }
    if (element === OVER) return elements
    countEntry(input, elements.length)
    elements.push(element)
    if (input.at < yieldAt) continue
    yield undefined
    yieldAt = input.at + YIELD_BYTES
  }
}

/** Whether elements can be read a member at a time. */
function hasMembers(of: z.ZodType): boolean {
  return wireOf(of).kind === 'struct'
}

/** Instead of an element: there is none any more. */
const OVER = Symbol('over')

/** Instead of an element: it is too long to be waited for. */
const LONG = Symbol('long')

/** Passes over the value that is next, whatever its length. */
function* passOver(input: JsonReader): Suspendable<MoreBytes, void> {
  const skipper = new ValueSkipper()
  for (let from = input.at; !skipper.resume(input, YIELD_BYTES); from = input.at) {
    if (input.at - from < YIELD_BYTES) yield* moreBytes(input)
    else yield undefined
  }
}

/** Waits for more bytes behind those that have not been read. @throws {SizeFault} when there are too many of these */
function* moreBytes(input: JsonReader): Suspendable<MoreBytes, void> {
  if (input.bytes.length - input.at > MAX_AT_HAND) {
    throw new SizeFault(`a name, a value or the space between two has more than ${MAX_AT_HAND} bytes`)
  }
  yield 'more-bytes'
}

/**
 * Reads something of which all bytes must be at hand; where they are not, once more when there are more.
 *
 * @param ifLong - what to give instead where very many bytes are not enough
 */
function* inOne<Result>(
  input: JsonReader,
  faults: TypeFaults,
  read: (input: JsonReader, faults: TypeFaults) => Result,
  ifLong?: Result,
): Suspendable<MoreBytes, Result> {
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
    if (ifLong !== undefined && input.bytes.length - input.at > SHORT_ELEMENT_BYTES) return ifLong
    yield* moreBytes(input)
  }
}
