import type { z } from 'zod'
import { type WireShape, wireOf } from '../wire/annotation.ts'
import { entriesOf, flatMember, membersOf, writerOf } from './writers.ts'
import { type Streamed, StreamedList, type StreamedPart } from './streamed-list.ts'

/** Length of a chunk, in UTF-16 units. */
const CHUNK_LENGTH = 64 * 1024

/** Encodes a value as Go does; the texts of events are put in as they are. */
export function encode<T>(schema: z.ZodType<T>, value: T): string {
  return writerOf(schema)(value)
}

/**
 * Encodes one entry of an answer that is one flat object on the wire, as a member of it.
 *
 * @throws {TypeError} for a schema of another answer
 */
export function encodeEntry(schema: z.ZodType, entry: Readonly<Record<string, unknown>>): string {
  const wire = wireOf(schema)
  if (wire.kind !== 'flat') throw new TypeError(`${wire.go} is not a flat object`)
  return flatMember(entry, wire.keys, writerOf(wire.value)(entry[wire.valueName]))
}

/**
 * The same in chunks of about 64 KiB, made one at a time: whatever the number of events in a list, only one
 * chunk is in memory.
 */
export function encodeInChunks<T>(schema: z.ZodType<T>, value: T): Generator<string, void, undefined> {
  return writeInChunks(schema, value) as Generator<string, void, undefined>
}

/** Text, or what a {@link StreamedList} consists of. */
type Part = string | StreamedPart

/**
 * The same of an answer in which lists may be written already: a {@link StreamedList} gives its own parts, and promises
 * which must be awaited before the next chunk is requested.
 */
export function* writeInChunks<T>(
  schema: z.ZodType<T>,
  value: T | Streamed<T>,
): Generator<Part, void, undefined> {
  let chunk = ''
  for (const part of parts(schema, value)) {
    const isText = typeof part === 'string'
    if (isText) chunk += part
    if (isText && chunk.length < CHUNK_LENGTH) continue
    if (chunk !== '') yield chunk
    if (!isText) yield part
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

/** Takes the value apart where it may be long: at the elements of its lists. */
function* parts(schema: z.ZodType, value: unknown): Generator<Part, void, undefined> {
  const wire = wireOf(schema)
  if (value instanceof StreamedList) {
    yield* value.parts()
  } else if (wire.kind === 'struct') {
    yield* joined('{}', '{', '}', structParts(wire.members, value))
  } else if (wire.kind === 'flat') {
    const entries = (value as Readonly<Record<string, unknown>>)[wire.member]
    if (entries instanceof StreamedList) yield* entries.parts()
    else yield* joined('{}', '{', '}', flatParts(wire, value))
  } else if (wire.kind === 'list' && Array.isArray(value) && value.length > 0) {
    yield* listParts(writerOf(wire.of), value)
  } else {
    yield writerOf(schema)(value)
  }
}

/** A list in parts of about the length of a chunk: a step of a generator for each element would cost as much as the element. */
function* listParts(
  write: (value: unknown) => string,
  elements: readonly unknown[],
): Generator<string, void, undefined> {
  let part = '['
  for (const [index, element] of elements.entries()) {
    part += index === 0 ? write(element) : `,${write(element)}`
    if (part.length < CHUNK_LENGTH) continue
    yield part
    part = ''
  }
  yield `${part}]`
}

function* flatParts(wire: WireShape & { kind: 'flat' }, value: unknown): Generator<[string]> {
  const write = writerOf(wire.value)
  for (const entry of entriesOf(wire.member, value)) {
    yield [flatMember(entry, wire.keys, write(entry[wire.valueName]))]
  }
}

function* structParts(
  members: Readonly<Record<string, z.ZodType>>,
  value: unknown,
): Generator<Iterable<Part>> {
  for (const [name, schema, member] of membersOf(members, value)) {
    yield memberParts(name, schema, member)
  }
}

function* memberParts(name: string, schema: z.ZodType, value: unknown): Generator<Part> {
  yield `${JSON.stringify(name)}:`
  yield* parts(schema, value)
}

/** The elements, each in its parts, between brackets and with commas between them. */
function* joined(
  empty: string,
  open: string,
  close: string,
  elements: Iterable<Iterable<Part>>,
): Generator<Part, void, undefined> {
  let separator = open
  for (const element of elements) {
    yield separator
    yield* element
    separator = ','
  }
  yield separator === open ? empty : close
}
