import type { InspectActivityResponse, RoomJob, RoomStorage } from '@roomserver/api'
import type { InspectedStore, InspectionSource } from '@roomserver/inspect'
import { NO_NID, type RepairRecord, type RoomId, type RoomRecord } from '@roomserver/types'
import type { BlockedRooms } from '../input/blocked-rooms.ts'
import type { InspectionReads, Store } from '../ports.ts'
import type { RecordCache } from '../view/record-cache.ts'
import { runOnView } from '../view/run.ts'
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
    eventNidsBefore: (roomNid, before, limit) => store.eventNidsBefore(roomNid, before, limit),
    findEvents: (roomNid, filter, page) => store.findEventsBefore(roomNid, filter, page),
    eventsNaming: (roomNid, eventId, page) => store.eventsNaming(roomNid, eventId, page),
    settersOf: (roomNid, entry, page) => store.settersBefore(roomNid, entry, page),
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
