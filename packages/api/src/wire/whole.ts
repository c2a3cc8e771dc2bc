import { invalidArgument, isPlainObject } from '@roomserver/types'
import type { z } from 'zod'
import { wireOf } from './annotation.ts'
import { zeroOf } from './zero.ts'

/**
 * Takes a request that was made in process for what the same one would be over HTTP: what is missing or `null` is zero, a
 * value of another type is refused, members that are not known are passed over. A request that is whole is given back as
 * it is.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 * @example
 * ```ts
 * import { roomserverEndpoints, whole } from '@roomserver/api'
 *
 * const { request } = roomserverEndpoints.queryEventsById
 * console.log(whole(request, {}))
 * ```
 */
export function whole<T>(schema: z.ZodType<T>, value: unknown): T {
  return wholeOf(schema, value, '') as T
}

/** @param place - where the value stands in the request, such as `StateTuples[3].EventType` */
function wholeOf(schema: z.ZodType, value: unknown, place: string): unknown {
  if (value === undefined || value === null) return zeroOf(schema)
  const wire = wireOf(schema)
  switch (wire.kind) {
    case 'string':
    case 'text':
      if (typeof value === 'string') return value
      throw refused(place, 'a string')
    case 'bool':
      if (typeof value === 'boolean') return value
      throw refused(place, 'true or false')
    case 'int':
      if (Number.isSafeInteger(value)) return value
      throw refused(place, 'a whole number')
    case 'list':
      return wholeList(wire.of, value, place)
    case 'map':
      return wholeMap(wire.of, value, place)
    case 'struct':
      return wholeStruct(wire.members, value, place)
    case 'pointer':
      return wholeOf(wire.of, value, place)
    case 'event':
      return wholeEvent(value, place)
    case 'object':
      if (isPlainObject(value)) return value
      throw refused(place, 'an object')
    case 'value':
      return value
    case 'event-reference':
    case 'flat':
      throw new TypeError(`requests have no ${wire.kind}`)
  }
}

function wholeList(of: z.ZodType, value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refused(place, 'a list')
  const given: readonly unknown[] = value
  const inside = `${place}[]`
  let copy: unknown[] | undefined
  // By index: nothing else sees the holes of a list.
  for (let index = 0; index < given.length; index++) {
    const element = wholeOf(of, given[index], inside)
    if (element === given[index]) continue
    copy ??= [...given]
    copy[index] = element
  }
  return copy ?? given
}

function wholeMap(of: z.ZodType, value: unknown, place: string): ReadonlyMap<string, unknown> {
  if (!(value instanceof Map)) throw refused(place, 'a Map')
  const entries = Array.from(value, ([name, element]: [unknown, unknown]): [string, unknown] => {
    if (typeof name !== 'string') throw refused(place, 'a Map with names that are strings')
    return [name, wholeOf(of, element, `${place}[]`)]
  })
  return new Map(entries)
}

function wholeStruct(
  members: Readonly<Record<string, z.ZodType>>,
  value: unknown,
  place: string,
): Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) throw refused(place, 'an object')
  let copy: Record<string, unknown> | undefined
  for (const name in members) {
    const given = value[name]
    const member = wholeOf(members[name] as z.ZodType, given, place === '' ? name : `${place}.${name}`)
    if (member === given) continue
    copy ??= { ...value }
    copy[name] = member
  }
  return copy ?? value
}

/** Its JSON is looked at where events are read. */
function wholeEvent(value: unknown, place: string): unknown {
  const { eventId, json, roomVersion } = isPlainObject(value) ? value : {}
  if (typeof eventId === 'string' && typeof json === 'string' && typeof roomVersion === 'string') return value
  throw refused(place, 'an event with roomVersion, eventId and json')
}

function refused(place: string, expected: string): Error {
  return invalidArgument(place === '' ? 'request' : place, expected)
}
