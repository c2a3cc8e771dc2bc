import { expect, expectTypeOf, it } from 'vitest'
import type { z } from 'zod'
import {
  administrationEndpoints,
  filled,
  InputKind,
  InputRoomEvent,
  inspectionEndpoints,
  type RoomserverApi,
  roomserverEndpoints,
  wireOf,
} from './index.ts'

it('has the 39 operations, each under a path of its own', () => {
  const paths = Object.values(roomserverEndpoints).map((endpoint) => endpoint.path)
  expect(paths).toHaveLength(39)
  expect(new Set(paths).size).toBe(39)
})

it('has inspection under paths of its own, which all only read', () => {
  for (const [name, endpoint] of Object.entries(inspectionEndpoints)) {
    expect(endpoint.path).toBe(`/inspect/v1/${name}`)
    expect(endpoint.repeatable, name).toBe(true)
  }
})

it('has administration under paths of its own', () => {
  for (const [name, endpoint] of Object.entries(administrationEndpoints))
    expect(endpoint.path).toBe(`/admin/v1/${name}`)
})

it('writes answers of the inspection as they are in process, so that web pages need no codec', () => {
  const table = { ...inspectionEndpoints, ...administrationEndpoints }
  for (const [name, { response }] of Object.entries(table)) {
    for (const part of partsOf(response)) {
      const wire = wireOf(part)
      expect(['string', 'int', 'bool', 'list', 'struct', 'pointer'], name).toContain(wire.kind)
      if (wire.kind === 'list') expect(wire.empty, name).toBe('[]')
    }
  }
})

it('bounds whatever is parsed of a request', () => {
  for (const [name, { request, maxBodyBytes }] of Object.entries({
    ...roomserverEndpoints,
    ...inspectionEndpoints,
    ...administrationEndpoints,
  })) {
    expect(maxBodyBytes, name).toBeGreaterThan(0)
    for (const part of partsOf(request)) {
      const wire = wireOf(part)
      expect(['text', 'flat', 'event-reference'], name).not.toContain(wire.kind)
      if (wire.kind === 'value' || wire.kind === 'object') expect(wire.maxBytes, name).toBe(65_536)
    }
  }
})

/** A schema and all that it is made of. */
function partsOf(schema: z.ZodType): readonly z.ZodType[] {
  const wire = wireOf(schema)
  const inner = 'members' in wire ? Object.values(wire.members) : 'of' in wire ? [wire.of] : []
  return [schema, ...inner.flatMap(partsOf)]
}

it('gives the interface its types', () => {
  expectTypeOf<RoomserverApi['queryRoomVersionForRoom']>().returns.resolves.toEqualTypeOf<{
    readonly room_version: string
  }>()
  expectTypeOf<Parameters<RoomserverApi['querySharedUsers']>[0]['OtherUserIDs']>().toEqualTypeOf<
    readonly string[]
  >()
  expectTypeOf<Parameters<RoomserverApi['inputRoomEvents']>[0]['input_room_events']>().toEqualTypeOf<
    readonly InputRoomEvent[]
  >()
})

it('fills in what was left out, as the wire does', () => {
  const event = { roomVersion: '10', eventId: '$e', json: '{}' }
  const input = filled(InputRoomEvent, { kind: InputKind.new, event })
  expect(input).toEqual({
    kind: 2,
    event,
    origin: '',
    has_state: false,
    state_event_ids: [],
    send_as_server: '',
    transaction_id: null,
  })
  expect(InputRoomEvent.parse(input)).toEqual(input)
})
