import { randomBytes } from 'node:crypto'
import {
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  NO_NID,
  type RoomRecord,
  type SnapshotNid,
  type WriteSet,
} from '@roomserver/types'
import type { Storage } from '../src/index.ts'
import { newOutput, writeSet } from '@roomserver/storage-contract'

const b64 = (bytes: number): string => randomBytes(bytes).toString('base64url')
const id = (): string => `$${b64(32)}`
const AUTH = [id(), id(), id()]

/** The write set of a message: the event of `shared/perf/load.mjs` in size, its output, the room moved on. */
export async function message(store: Storage, room: RoomRecord): Promise<WriteSet> {
  const eventId = id()
  const json = JSON.stringify({
    auth_events: AUTH,
    content: { body: `message 1 ${'lorem ipsum dolor sit amet '.repeat(4)}`, msgtype: 'm.text' },
    depth: room.depth + 1,
    hashes: { sha256: b64(32) },
    origin: 'test.example',
    origin_server_ts: 1_700_000_000_000,
    prev_events: [id()],
    room_id: room.roomId,
    sender: '@owner:test.example',
    signatures: { 'test.example': { 'ed25519:load': b64(64) } },
    type: 'm.room.message',
  })
  const nid = await store.allocate('event', 1)
  const state = 70_000 as SnapshotNid
  const event: EventRecord = {
    nid,
    roomNid: room.nid,
    eventId,
    typeNid: 65_536 as EventTypeNid,
    stateKeyNid: NO_NID,
    depth: room.depth + 1,
    authLevel: 4,
    authNids: [65_536, 65_537, 65_538] as EventNid[],
    verdict: 'accepted',
    before: state,
    after: state,
    redactedBy: NO_NID,
    json,
  }
  const body = JSON.stringify({
    latest_event_ids: [eventId],
    last_sent_event_id: id(),
    history_visibility: 'shared',
  })
  const moved = { extremities: [nid], depth: room.depth + 1, lastSent: nid, outputSeq: room.outputSeq + 1 }
  const next = { ...room, ...moved }
  return writeSet(room, { next, events: [event], outputs: [newOutput(room, room.outputSeq + 1, nid, body)] })
}
