import { isPlainObject, RoomserverError } from '@roomserver/types'
import type { Strictness } from './numbers.ts'
import { compareCodePoints } from './code-points.ts'
import { MAX_JSON_DEPTH } from '../limits.ts'

/**
 * The canonical JSON of a value. Members that are `undefined` are left out, as `JSON.stringify` does.
 *
 * @param strictness - `strict` has integers of 53 bits only; `lenient` writes other numbers as JavaScript does
 * @throws {RoomserverError} MALFORMED_EVENT when the value has no canonical form: other numbers, half surrogate
 *   pairs, nesting deeper than 1,000 (or cyclic), what JSON doesn't have, objects of a class (`Date`, `Map`, …)
 * @see https://spec.matrix.org/v1.19/appendices/#canonical-json
 * @example
 * ```ts
 * import { canonicalJson } from '@roomserver/events'
 *
 * console.log(canonicalJson({ b: 1, a: 'é' })) // {"a":"é","b":1}
 * ```
 */
export function canonicalJson(value: unknown, strictness: Strictness = 'strict'): string {
  return encoded(value, strictness, 0)
}

function encoded(value: unknown, strictness: Strictness, depth: number): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number') return number(value, strictness)
  if (value === null || value === true || value === false) return String(value)
  if (typeof value !== 'object') return refuse(`${typeof value} is not a JSON value`)
  if (depth === MAX_JSON_DEPTH) return refuse(`nested deeper than ${MAX_JSON_DEPTH}`)
  if (Array.isArray(value)) return list(value, strictness, depth + 1)
  if (!isPlainObject(value)) return refuse(`${nameOf(value)} is not a JSON value`)
  return object(value, strictness, depth + 1)
}

/** A `Date`, a `Map`, an `Event`: what a class is called. */
function nameOf(value: object): string {
  // A member of the object itself may be called so, and be anything.
  const constructor: unknown = value.constructor
  const name = typeof constructor === 'function' ? constructor.name : ''
  return name === '' ? 'an object of a class' : `an object of the class ${name}`
}

function list(values: readonly unknown[], strictness: Strictness, depth: number): string {
  let text = '['
  for (const value of values) text += `${text === '[' ? '' : ','}${encoded(value, strictness, depth)}`
  return `${text}]`
}

function object(members: Readonly<Record<string, unknown>>, strictness: Strictness, depth: number): string {
  let text = '{'
  for (const key of sortedKeys(members)) {
    const value = members[key]
    if (value === undefined) continue
    text += `${text === '{' ? '' : ','}${quoted(key)}:${encoded(value, strictness, depth)}`
  }
  return `${text}}`
}

function sortedKeys(members: object): string[] {
  const keys = Object.keys(members)
  for (let i = 1; i < keys.length; i++) {
    if (compareCodePoints(keys[i - 1] as string, keys[i] as string) > 0) return keys.sort(compareCodePoints)
  }
  return keys
}

/** `JSON.stringify` writes exactly the escapes of canonical JSON. */
function quoted(text: string): string {
  return text.isWellFormed() ? JSON.stringify(text) : refuse('a string holds half of a surrogate pair')
}

function number(value: number, strictness: Strictness): string {
  if (Number.isSafeInteger(value) && !(strictness === 'strict' && Object.is(value, -0))) return String(value)
  if (strictness === 'lenient' && Number.isFinite(value)) return String(value)
  return refuse(`${Object.is(value, -0) ? '-0' : value} is not an integer between -(2^53 - 1) and 2^53 - 1`)
}

function refuse(reason: string): never {
  throw new RoomserverError(
    'MALFORMED_EVENT',
    { rule: 'json', reason },
    `cannot be written as canonical JSON: ${reason}`,
  )
}
