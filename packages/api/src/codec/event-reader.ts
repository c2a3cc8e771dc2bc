import type { HeaderedEvent } from '../events.ts'
import { BACKSLASH, LETTER_N, OPEN_OBJECT, QUOTE, UNDERSCORE } from './bytes.ts'
import { TAKEN } from './held-bytes.ts'
import type { JsonReader } from './json-reader.ts'
import type { TypeFaults } from './type-faults.ts'

/** The members that are added to an event on the wire. */
const HEADERS: readonly string[] = ['_room_version', '_event_id']

/**
 * Reads a headered event without parsing it: the two header members are cut out of the text (the first of each, as the
 * reference does), and all the rest stays as it was sent.
 */
export function readEvent(input: JsonReader, faults: TypeFaults): HeaderedEvent {
  const first = input.peek()
  input.held.add(TAKEN.struct + 3 * TAKEN.member)
  if (first !== OPEN_OBJECT) {
    input.skip()
    if (first !== LETTER_N) faults.noteText("gomatrixserverlib: unsupported room version ''")
    return { roomVersion: '', eventId: '', json: '{}' }
  }
  const headers = new Map<string, string>()
  const kept = cutHeaders(input, headers)
  return {
    roomVersion: headers.get('_room_version') ?? '',
    eventId: headers.get('_event_id') ?? '',
    json: `{${kept.map(([start, end]) => input.text(start, end)).join(',')}}`,
  }
}

/** Takes the headers of the object that is next; returns the runs of members between them. */
function cutHeaders(input: JsonReader, headers: Map<string, string>): readonly (readonly [number, number])[] {
  const kept: [number, number][] = []
  let run: [number, number] | undefined
  input.enter()
  for (let first = true; input.nextMember(first); first = false) {
    const start = input.at
    const name = headerName(input)
    input.expectColon()
    if (name !== undefined && !headers.has(name)) {
      headers.set(name, readHeader(input))
      run = undefined
      continue
    }
    input.skip()
    if (run === undefined) kept.push((run = [start, input.at]))
    else run[1] = input.at
  }
  return kept
}

/** Passes over a member's name; its text if it is a header's. */
function headerName(input: JsonReader): string | undefined {
  const initial = input.bytes[input.at + 1]
  if (initial !== UNDERSCORE && initial !== BACKSLASH) {
    input.skipString()
    return undefined
  }
  const name = input.string()
  return HEADERS.includes(name) ? name : undefined
}

/** A header is a string; a number counts as its digits, and anything else as nothing. */
function readHeader(input: JsonReader): string {
  const byte = input.peek()
  if (byte === QUOTE) return input.string()
  const start = input.at
  input.skip()
  const text = input.text(start, input.at)
  return /^-?\d/.test(text) ? text : ''
}
