import type { z } from 'zod'
import { wireOf } from './annotation.ts'

/** The value that a missing member of this schema has. A new one each time. */
export function zeroOf(schema: z.ZodType): unknown {
  const wire = wireOf(schema)
  switch (wire.kind) {
    case 'string':
      return ''
    case 'bool':
      return false
    case 'int':
      return 0
    case 'list':
      return wire.empty === 'as-given' ? null : []
    case 'map':
      return new Map()
    case 'struct':
      return Object.fromEntries(Object.entries(wire.members).map(([name, member]) => [name, zeroOf(member)]))
    case 'pointer':
    case 'value':
      return null
    case 'text':
      return 'null'
    case 'object':
      return {}
    case 'event':
      return { roomVersion: '', eventId: '', json: '{}' }
    case 'event-reference':
      return { eventId: '', sha256: '' }
    case 'flat':
      return { [wire.member]: [] }
  }
}

/**
 * Makes a whole value of a schema from the members that matter; the others get their zero values.
 *
 * @example
 * ```ts
 * import { filled, roomserverEndpoints } from '@roomserver/api'
 *
 * const { response } = roomserverEndpoints.queryPublishedRooms
 * console.log(filled(response, { RoomIDs: ['!lobby:example.org'] }))
 * ```
 */
export function filled<T extends object>(schema: z.ZodType<T>, members: Partial<T>): T {
  return Object.assign(zeroOf(schema) as T, members)
}
