import type { InspectActivityResponse, RoomJob, RoomStorage } from '@roomserver/api'
import type { EntrySetters, InspectedStore, InspectionSource } from '@roomserver/inspect'
import { type EventNid, NO_NID, type RepairRecord, type RoomId, type RoomRecord } from '@roomserver/types'
import type { BlockedRooms } from '../input/blocked-rooms.ts'
import type { InspectionReads, Store } from '../ports.ts'
import type { RecordCache } from '../view/record-cache.ts'
import { runOnView, yieldToEventLoop } from '../view/run.ts'
import type { RoomFigureCounts } from './room-figures.ts'

/** What is known of the process at work, where one is. */
export interface ProcessActivity {
  activity(): Promise<InspectActivityResponse>
  busy(roomId: RoomId): InspectActivityResponse['rooms'][number] | undefined
}

/** What an inspection of stored rooms reads. */
export interface StoredRoomsParts {
  readonly store: Store & InspectionReads
  readonly cache: RecordCache
  readonly figures: RoomFigureCounts
  readonly process: ProcessActivity
  readonly blockedRooms: Pick<BlockedRooms, 'of'>
}

/** How many events are looked at in one statement. */
const PLACES = 2_500

/** The rooms of a store as a source of answers. */
export function storedRooms(parts: StoredRoomsParts, gone: AbortSignal | undefined): InspectionSource {
  return {
    store: inspectedStore(parts),
    read: (compute) => runOnView(parts.cache, compute, gone),
  }
}

function inspectedStore({ blockedRooms, figures, process, store }: StoredRoomsParts): InspectedStore {
  return {
    room: (roomId) => store.room(roomId),
    roomsByNid: (nids) => store.roomsByNid(nids),
    rooms: (after, limit) => store.rooms(after, limit),
    roomOfAlias: (alias) => store.roomOfAlias(alias),
    aliasesOfRoom: (roomId) => store.aliasesOfRoom(roomId),
    isPublished: (roomId) => store.isPublished(roomId),
    eventsOfRoom: (roomNid, after, limit) => store.eventsOfRoom(roomNid, after, limit),
    eventsBefore: (roomNid, before, limit) => store.eventsBefore(roomNid, before, limit),
    eventsBetween: (span, limit) => store.eventsBetween(span, limit),
    latestEvents: (look) => store.latestEvents(look),
    settersOf: (roomNid, entry, page) => settersOf(store, roomNid, entry, page),
    journalBefore: (roomNid, page) => store.journalBefore(roomNid, page),
    changesOfEntry: (roomNid, entry, page) => store.changesOfEntry(roomNid, entry, page),
    purgedEvents: (ids) => store.purgedAnywhere(ids),
    remoteStates: (roomNid) => store.remoteStates(roomNid),
    membershipEvents: (roomNid, filter, page) => store.membershipEvents(roomNid, filter, page),
    membershipCounts: (room) => figures.membersOf(room),
    figuresOf: (room) => figures.of(room),
    storageOf: (room) => storageOf(store, figures, room),
    isBlocked: async (roomId) => (await blockedRooms.of(roomId)) !== undefined,
    jobs: async (roomId, after, limit) => {
      const repairs =
        roomId === undefined
          ? await store.repairs(after, limit)
          : await store.repairsOfRoom(roomId, after, limit)
      return repairs.map(jobOf)
    },
    activity: () => process.activity(),
    busy: (roomId) => process.busy(roomId),
  }
}

/** Looks for events with a type and state key among a bounded number of events, the latest first. */
async function settersOf(
  store: InspectionReads,
  roomNid: RoomRecord['nid'],
  entry: Parameters<InspectedStore['settersOf']>[1],
  { before, look }: Parameters<InspectedStore['settersOf']>[2],
): Promise<EntrySetters> {
  const events: EventNid[] = []
  let last = before
  for (let looked = 0; looked < look; looked += PLACES) {
    const page = await store.settersBefore(roomNid, entry, { before: last, look: PLACES })
    events.push(...page.events)
    if (page.lookedTo === NO_NID) return { events, lookedTo: NO_NID }
    last = page.lookedTo
    await yieldToEventLoop()
  }
  return { events, lookedTo: last }
}

async function storageOf(
  store: Store & InspectionReads,
  figures: Pick<RoomFigureCounts, 'sizeOf'>,
  room: RoomRecord,
): Promise<RoomStorage> {
  const { current } = room
  const size = await figures.sizeOf(room)
  const [snapshot] = current === NO_NID ? [] : await store.snapshots([current])
  const blocks = snapshot?.blocks ?? []
  return {
    event_bytes: size.eventBytes,
    bytes_per_event: size.events === 0 ? 0 : Math.round(size.eventBytes / size.events),
    snapshots: size.snapshots,
    snapshot_bytes: size.snapshotBytes,
    current_blocks: blocks.length,
    current_block_bytes: await store.bytesOfBlocks(blocks),
    outputs: size.outputs,
    output_bytes: size.outputBytes,
  }
}

function jobOf(repair: RepairRecord): RoomJob {
  return {
    kind: 'missing-events',
    room_id: repair.roomId,
    event_id: repair.eventId,
    state: repair.state,
    done: repair.fetched,
    attempts: repair.attempts,
    last_error: repair.lastError,
    since_ts: repair.sinceTs,
    next_ts: repair.nextTs,
  }
}
