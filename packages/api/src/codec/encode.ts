import type { z } from 'zod'
import { type WireShape, wireOf } from '../wire/annotation.ts'
import { lastingParts } from './lasting.ts'
import { entriesOf, flatMember, membersOf, writerOf } from './writers.ts'

/** How long a piece grows before it is handed out, in UTF-16 units. */
const PIECE_LENGTH = 64 * 1024

/** Encodes a value as Go does; the texts of events are put in as they are. */
export function encode<T>(schema: z.ZodType<T>, value: T): string {
  return writerOf(schema)(value)
}

/** Text, or the bytes of a text in UTF-8. */
type Part = string | Uint8Array

/**
 * The same in pieces of about 64 KiB, made one at a time: however many events there are in a list, no more than a
 * piece is held. What was kept of a {@link lasting} list comes as the bytes it was sent as before.
 */
export function* encodeInPieces<T>(schema: z.ZodType<T>, value: T): Generator<Part, void, undefined> {
  let piece = ''
  for (const part of parts(schema, value)) {
    const isText = typeof part === 'string'
    if (isText) piece += part
    if (isText && piece.length < PIECE_LENGTH) continue
    if (piece !== '') yield piece
    if (!isText) yield part
    piece = ''
  }
  if (piece !== '') yield piece
}

/** Takes the value apart where it may be long: at the elements of its lists. */
function* parts(schema: z.ZodType, value: unknown): Generator<Part, void, undefined> {
  const wire = wireOf(schema)
  if (wire.kind === 'struct') {
    yield* joined('{}', '{', '}', structParts(wire.members, value))
  } else if (wire.kind === 'flat') {
    yield* joined('{}', '{', '}', flatParts(wire, value))
  } else if (wire.kind === 'list' && Array.isArray(value) && value.length > 0) {
    yield* lastingParts(value, () => listParts(writerOf(wire.of), value))
  } else {
    yield writerOf(schema)(value)
  }
}

/** A list in parts of about a piece's length: a step of a generator for each element would cost as much as the element. */
function* listParts(
  write: (value: unknown) => string,
  elements: readonly unknown[],
): Generator<string, void, undefined> {
  let part = '['
  for (const [index, element] of elements.entries()) {
    part += index === 0 ? write(element) : `,${write(element)}`
    if (part.length < PIECE_LENGTH) continue
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
