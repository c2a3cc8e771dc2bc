import { filled, InputKind, InputRoomEvent, type InputRoomEventsResponse } from '@roomserver/api'
import { blockHash, snapshotHash } from '@roomserver/state'
import { openStorage, type StorageOptions } from '@roomserver/storage'
import type { RoomBuilder } from '@roomserver/testing'
import { expect } from 'vitest'
import type { Engine } from '../src/index.ts'

/** Checks a store by itself, as the command line does. */
export async function expectWhole(dialect: 'sqlite' | 'postgres', store: string): Promise<void> {
  const options: StorageOptions =
    dialect === 'sqlite' ? { dialect, file: store } : { dialect, connectionString: store }
  await using storage = await openStorage(options)
  for await (const check of storage.check({ blockHash, snapshotHash })) expect(check.findings).toEqual([])
  expect(await storage.lostRooms()).toEqual([])
  expect(await storage.looseRows()).toEqual([])
}

/** Gives events to an engine, and waits for what it makes of them. */
export function take(rooms: Engine, events: RoomBuilder['events']): Promise<InputRoomEventsResponse> {
  return rooms.parts.input.inputRoomEvents({
    input_room_events: events.map(({ rules, eventId, json }) =>
      filled(InputRoomEvent, { kind: InputKind.new, event: { roomVersion: rules.version, eventId, json } }),
    ),
    async: false,
  })
}
