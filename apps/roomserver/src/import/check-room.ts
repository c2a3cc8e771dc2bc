import { allEntries, type BlockReader, entryCount, eventAt } from '@roomserver/state'
import type { Storage } from '@roomserver/storage'
import { type BlockNid, type BlockRecord, type EventNid, finish, NO_NID } from '@roomserver/types'
import type { DendriteRoom, DendriteSource } from './dendrite-source.ts'

/** What a room's state is in the source and here, where they differ. */
export interface RoomDifference {
  readonly roomId: string
  readonly onlyInSource: readonly string[]
  readonly onlyHere: readonly string[]
}

/** Compares the current state of a room, event by event, and its extremities with the source's. */
export async function checkRoom(
  source: DendriteSource,
  store: Storage,
  room: DendriteRoom,
): Promise<RoomDifference | undefined> {
  const theirs = await theirEvents(source, room)
  const ours = await ourEvents(store, room.room_id)
  const onlyInSource = [...theirs].filter((event) => !ours.has(event))
  const onlyHere = [...ours].filter((event) => !theirs.has(event))
  return onlyInSource.length + onlyHere.length === 0
    ? undefined
    : { roomId: room.room_id, onlyInSource, onlyHere }
}

async function theirEvents(source: DendriteSource, room: DendriteRoom): Promise<ReadonlySet<string>> {
  const events = new Map((await source.eventsOfRoom(room.room_nid)).map((event) => [event.event_nid, event]))
  const blocks = (await source.snapshotsOfRoom(room.room_nid)).get(room.state_snapshot_nid) ?? []
  const inside = await source.blocks(blocks)
  const state = new Map<string, string>()
  for (const nid of blocks.flatMap((block) => inside.get(block) ?? [])) {
    const event = events.get(nid)
    if (event !== undefined) state.set(`${event.event_type_nid} ${event.event_state_key_nid}`, event.event_id)
  }
  const extremities = room.latest_event_nids.map((nid) => `extremity ${events.get(nid)?.event_id ?? ''}`)
  return new Set([...state.values(), ...extremities])
}

async function ourEvents(store: Storage, roomId: string): Promise<ReadonlySet<string>> {
  const room = await store.room(roomId)
  if (room === undefined) return new Set()
  const state = room.current === NO_NID ? [] : await eventsOfState(store, room.current)
  const ids = new Map<EventNid, string>()
  for (const record of await store.eventsByNid([...state, ...room.extremities]))
    ids.set(record.nid, record.eventId)
  const extremities = room.extremities.map((nid) => `extremity ${ids.get(nid) ?? ''}`)
  return new Set([...state.map((nid) => ids.get(nid) ?? ''), ...extremities])
}

async function eventsOfState(
  store: Storage,
  nid: Parameters<Storage['snapshots']>[0][number],
): Promise<EventNid[]> {
  const [snapshot] = await store.snapshots([nid])
  if (snapshot === undefined) return []
  const blocks = new Map<BlockNid, BlockRecord>()
  for (const block of await store.blocks(snapshot.blocks)) blocks.set(block.nid, block)
  const reader: BlockReader = { block: (block) => blocks.get(block) }
  const entries = finish(allEntries(snapshot, reader))
  return Array.from({ length: entryCount(entries) }, (_, index) => eventAt(entries, index))
}
