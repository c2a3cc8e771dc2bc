import type { z } from 'zod'
import type { EventReference, HeaderedEvent } from '../events.ts'
import { type EmptyList, type Wire, wireOf } from '../wire/annotation.ts'

/** Writes a value as JSON text. */
type Write = (value: unknown) => string

const writers = new WeakMap<z.ZodType, Write>()

/** The writer of a schema; made once. */
export function writerOf(schema: z.ZodType): Write {
  let write = writers.get(schema)
  if (write === undefined) {
    write = makeWriter(wireOf(schema))
    writers.set(schema, write)
  }
  return write
}

function makeWriter(wire: Wire): Write {
  switch (wire.kind) {
    case 'string':
    case 'bool':
    case 'int':
    case 'value':
    case 'object':
      return (value) => JSON.stringify(value)
    case 'text':
      return (value) => value as string
    case 'list':
      return listWriter(wire.empty, writerOf(wire.of))
    case 'map':
      return mapWriter(writerOf(wire.of))
    case 'struct':
      return structWriter(wire.members)
    case 'pointer':
      return nullOr(writerOf(wire.of))
    case 'event':
      return writeEvent
    case 'event-reference':
      return writeEventReference
    case 'flat':
      return flatWriter(wire.member, wire.keys, wire.valueName, writerOf(wire.value))
  }
}

function nullOr(write: Write): Write {
  return (value) => (value === null ? 'null' : write(value))
}

function listWriter(empty: EmptyList, write: Write): Write {
  return (value) => {
    const elements = value as readonly unknown[] | null
    if (elements === null || (elements.length === 0 && empty === 'null')) return 'null'
    return `[${elements.map(write).join(',')}]`
  }
}

function mapWriter(write: Write): Write {
  return (value) => {
    const entries = [...(value as ReadonlyMap<string, unknown>)]
    return `{${entries.map(([name, element]) => `${JSON.stringify(name)}:${write(element)}`).join(',')}}`
  }
}

function structWriter(members: Readonly<Record<string, z.ZodType>>): Write {
  const parts = Object.entries(members).map(([name, schema]) => ({
    name,
    label: `${JSON.stringify(name)}:`,
    wire: wireOf(schema),
    write: writerOf(schema),
  }))
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>
    let written = ''
    for (const { name, label, wire, write } of parts) {
      const member = record[name]
      if (!isLeftOut(wire, member)) written += `${written === '' ? '' : ','}${label}${write(member)}`
    }
    return `{${written}}`
  }
}

/** The members that are written, with their schemas and values. */
export function membersOf(
  members: Readonly<Record<string, z.ZodType>>,
  value: unknown,
): readonly (readonly [string, z.ZodType, unknown])[] {
  const record = value as Readonly<Record<string, unknown>>
  return Object.entries(members)
    .map(([name, schema]) => [name, schema, record[name]] as const)
    .filter(([, schema, member]) => !isLeftOut(wireOf(schema), member))
}

function isLeftOut(wire: Wire, value: unknown): boolean {
  if (wire.omitZero !== true) return false
  if (wire.kind === 'pointer') return value === null
  if (Array.isArray(value)) return value.length === 0
  return value === '' || value === 0 || value === false
}

/** Puts the headers in as last members, but before members of the same names: readers take the first of each. */
function writeEvent(value: unknown): string {
  const { json, roomVersion, eventId } = value as HeaderedEvent
  const headers = `"_room_version":${JSON.stringify(roomVersion)},"_event_id":${JSON.stringify(eventId)}`
  if (json === '{}') return `{${headers}}`
  return hasHeader(json) ? `{${headers},${json.slice(1)}` : `${json.slice(0, -1)},${headers}}`
}

/** Whether an event may have a member of a header's name itself. */
function hasHeader(json: string): boolean {
  return json.includes('"_room_version"') || json.includes('"_event_id"')
}

function writeEventReference(value: unknown): string {
  const { eventId, sha256 } = value as EventReference
  return JSON.stringify([eventId, { sha256 }])
}

function flatWriter(member: string, keys: readonly string[], valueName: string, write: Write): Write {
  return (value) => {
    const entries = entriesOf(member, value)
    return `{${entries.map((entry) => flatMember(entry, keys, write(entry[valueName]))).join(',')}}`
  }
}

/** The entries of a flat answer. */
export function entriesOf(member: string, value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return (value as Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>)[member] ?? []
}

/** One member of a flat answer: the keys in one name, and the value that was written already. */
export function flatMember(
  entry: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  written: string,
): string {
  const name = keys.map((key) => entry[key]).join('\u001f')
  return `${JSON.stringify(name)}:${written}`
}
