import type { z } from 'zod'
import { wireOf } from '../wire/annotation.ts'
import { zeroOf } from '../wire/zero.ts'
import { LETTER_N, OPEN_LIST, OPEN_OBJECT } from './bytes.ts'
import { readEvent } from './event-reader.ts'
import { opens } from './expecting.ts'
import { TAKEN } from './held-bytes.ts'
import type { JsonReader } from './json-reader.ts'
import type { Read } from './read.ts'
import { readEventReference, readFlat } from './special-readers.ts'
import { readBool, readInt, readJson, readJsonText, readString } from './scalar-readers.ts'
import { type StructShape, structShape } from './struct-shape.ts'
import { SizeFault } from './syntax-fault.ts'

const readers = new WeakMap<z.ZodType, Read>()

/** The reader of a schema; made once. */
export function readerOf(schema: z.ZodType): Read {
  let read = readers.get(schema)
  if (read === undefined) {
    read = makeReader(schema)
    readers.set(schema, read)
  }
  return read
}

function makeReader(schema: z.ZodType): Read {
  const wire = wireOf(schema)
  switch (wire.kind) {
    case 'string':
      return readString(wire.go)
    case 'bool':
      return readBool(wire.go)
    case 'int':
      return readInt(wire.go)
    case 'list':
      return listReader(wire.go, readerOf(wire.of), zeroOf(schema))
    case 'map':
      return mapReader(wire.go, readerOf(wire.of))
    case 'struct':
      return structReader(structShape(schema, wire))
    case 'pointer':
      return pointerReader(readerOf(wire.of))
    case 'event':
      return readEvent
    case 'event-reference':
      return readEventReference
    case 'value':
      return readJson(wire.maxBytes)
    case 'object':
      return objectReader(wire.go, readJson(wire.maxBytes))
    case 'text':
      return readJsonText
    case 'flat':
      return readFlat(wire.member, wire.keys, wire.valueName, readerOf(wire.value))
  }
}

function listReader(go: string, readElement: Read, zero: unknown): Read {
  return (input, faults) => {
    if (!opens(input, faults, OPEN_LIST, go)) return zero
    const elements: unknown[] = []
    input.enter()
    while (input.nextElement(elements.length === 0)) {
      countEntry(input, elements.length)
      elements.push(readElement(input, faults))
    }
    return elements
  }
}

/** Counts an entry of a list that has so many. @throws {SizeFault} when that is one too many */
export function countEntry({ held, limits }: JsonReader, length: number): void {
  if (length >= limits.maxListEntries) {
    throw new SizeFault(`a list has more than ${limits.maxListEntries} entries`)
  }
  held.add(TAKEN.entry)
}

function mapReader(go: string, readElement: Read): Read {
  return (input, faults) => {
    const elements = new Map<string, unknown>()
    if (!opens(input, faults, OPEN_OBJECT, go)) return elements
    input.enter()
    for (let first = true; input.nextMember(first); first = false) {
      const name = input.string()
      input.expectColon()
      input.held.add(TAKEN.mapEntry)
      elements.set(name, readElement(input, faults))
    }
    return elements
  }
}

function structReader(shape: StructShape): Read {
  return (input, faults) => {
    const value = shape.newValue(input)
    if (!opens(input, faults, OPEN_OBJECT, shape.go)) return value
    input.enter()
    for (let first = true; input.nextMember(first); first = false) {
      const member = shape.memberOf(input.string())
      input.expectColon()
      if (member === undefined) {
        input.skip()
      } else {
        const outer = faults.enter(shape.structName, member.name)
        value[member.name] = readerOf(member.schema)(input, faults)
        faults.leave(outer)
      }
    }
    return value
  }
}

function pointerReader(read: Read): Read {
  return (input, faults) => {
    if (input.peek() !== LETTER_N) return read(input, faults)
    input.skip()
    return null
  }
}

function objectReader(go: string, read: Read): Read {
  return (input, faults) => (opens(input, faults, OPEN_OBJECT, go) ? read(input, faults) : {})
}
