import { isJsonObject, type JsonObject } from '@roomserver/types'
import { ROOM_VERSIONS, type RoomVersionRules, roomVersion } from '@roomserver/version'

/**
 * A line of a vector file as an object, from which `JSON.stringify` makes the line's exact numbers again: those that
 * a double can't hold (9007199254740993, 1.0, -0) are kept as they are written.
 */
export function parseRow(line: string): unknown {
  return UNUSUAL_NUMBER.test(line) ? JSON.parse(line, keepNumber) : JSON.parse(line)
}

/** Where a number may be that a double does not hold as it is written. Few lines have one, and a look at every value is slow. */
const UNUSUAL_NUMBER = /[[:,\s](?:-?\d+[.eE]|-?\d{16}|-0)/

/** What newer platforms pass to a reviver, and how they take a number's text back; not in TypeScript's library yet. */
interface SourceAccess {
  readonly source?: string
}
const raw = JSON as JSON & { rawJSON(text: string): unknown }

function keepNumber(this: unknown, _key: string, value: unknown, context?: SourceAccess): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return context.source === String(value) ? value : raw.rawJSON(context.source)
}

/** A row's member as JSON text, with the numbers as they stand in the file. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value)
}

/** A row of a family: an object with an `expected` object. */
export interface Row {
  readonly member: (name: string) => unknown
  readonly expected: (name: string) => unknown
  /** @throws {TypeError} when the row's room version is not ours */
  readonly rules: () => RoomVersionRules
  /** @throws {TypeError} if the member is not a string */
  readonly text: (name: string) => string
}

/** @throws {TypeError} if `row` is not such an object */
export function readRow(row: unknown): Row {
  if (!isJsonObject(row)) throw new TypeError('a row is not an object')
  const expected = row['expected']
  if (!isJsonObject(expected)) throw new TypeError('a row has no expected result')
  return {
    member: (name) => own(row, name),
    expected: (name) => own(expected, name),
    rules: () => rulesOf(own(row, 'roomVersion')),
    text: (name) => stringOf(own(row, name), name),
  }
}

function rulesOf(version: unknown): RoomVersionRules {
  const rules = typeof version === 'string' ? roomVersion(version) : undefined
  if (rules === undefined)
    throw new TypeError(`room version ${String(version)} is none of ${[...ROOM_VERSIONS.keys()].join(', ')}`)
  return rules
}

function stringOf(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`${name} is not a string`)
  return value
}

function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Says what differs, when something does. */
export function difference(what: string, got: unknown, expected: unknown): string | undefined {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)]
  return a === b ? undefined : `${what} is ${a}, expected ${b}`
}
