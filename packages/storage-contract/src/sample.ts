import {
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  type Interned,
  NO_CHANGES,
  newRoom as unstoredRoom,
  NO_NID,
  type OutputRecord,
  type RoomId,
  type RoomRecord,
  type SnapshotNid,
  type StateKeyNid,
  type WriteSet,
} from '@roomserver/types'
import type { ContractStore } from './contract-store.ts'

let made = 0

/** A room that is not stored yet. */
export async function newRoom(
  store: ContractStore,
  roomId: RoomId = `!room${++made}:example.org`,
): Promise<RoomRecord> {
  return unstoredRoom({ nid: await store.allocate('room', 1), roomId, version: '10' })
}

/** A message event of a room. */
export async function newEvent(
  store: ContractStore,
  room: RoomRecord,
  changes: Partial<EventRecord> = {},
): Promise<EventRecord> {
  const eventId: EventId = changes.eventId ?? `$event${++made}`
  return {
    nid: await store.allocate('event', 1),
    roomNid: room.nid,
    eventId,
    typeNid: 5 as EventTypeNid,
    stateKeyNid: NO_NID,
    depth: 7,
    authLevel: 3,
    authNids: [],
    verdict: 'accepted',
    rule: undefined,
    reason: undefined,
    before: 0 as SnapshotNid,
    after: 0 as SnapshotNid,
    redactedBy: NO_NID,
    json: `{"content":{"body":"event ${made}"}}`,
    ...changes,
  }
}

/** A write set that changes nothing of its room but what is given. */
export function writeSet(room: RoomRecord, parts: Partial<WriteSet> = {}): WriteSet {
  return { room, next: room, ...NO_CHANGES, ...parts }
}

/** Commits one write set; it has to go through. Returns the room as it is then. */
export async function commitOne(store: ContractStore, set: WriteSet): Promise<RoomRecord> {
  const [result] = await store.commit([set])
  if (result?.kind === 'failed') throw result.error
  if (result?.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(result)}`)
  return { ...set.room, ...set.next, revision: result.revision }
}

/** Stores a room with nothing in it. */
export async function storedRoom(store: ContractStore, roomId?: RoomId): Promise<RoomRecord> {
  return await commitOne(store, writeSet(await newRoom(store, roomId)))
}

/** A state key with its NID: the one that it has, or a new one for the write set that brings it. */
export async function newKey(store: ContractStore, text: string): Promise<Interned<StateKeyNid>> {
  const [known] = await store.stateKeysByText([text])
  return known ?? { nid: await store.allocate('stateKey', 1), text }
}

/** An output of a room: the event, or none where it is 0, beside a body. */
export function newOutput(room: RoomRecord, seq: number, event: EventNid, body = '{}'): OutputRecord {
  return { roomNid: room.nid, seq, kind: 'new_room_event', event, body }
}
