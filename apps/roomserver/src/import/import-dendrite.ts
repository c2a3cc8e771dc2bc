import type { Storage } from '@roomserver/storage'
import type { Logger } from '@roomserver/types'
import { checkRoom, type RoomDifference } from './check-room.ts'
import { type DendriteRedaction, type DendriteSource, dendriteSource } from './dendrite-source.ts'
import { NidSupply } from './nid-supply.ts'
import { importRoom } from './room-import.ts'
import { openRows } from './rows.ts'

/** How far an import is. */
export interface ImportProgress {
  readonly rooms: number
  readonly roomCount: number
  readonly events: number
}

/** What an import did, and what it found when it compared the outcome with the source. */
export interface ImportSummary {
  readonly rooms: number
  readonly events: number
  /** Rooms that an import before this one had brought already. */
  readonly skipped: number
  readonly aliases: number
  readonly published: number
  /** Rooms that could not be imported, with the reason; the others are whole. */
  readonly failed: readonly { readonly roomId: string; readonly reason: string }[]
  readonly differences: readonly RoomDifference[]
}

/**
 * Takes over the database of a Dendrite room server (PostgreSQL or SQLite). The source is only read. May be started
 * again after it was interrupted: rooms that are whole are left alone, and a room that is not goes on.
 *
 * @param from - `postgresql://…`, `file:…` or the path of an SQLite file
 */
export async function importDendrite(
  from: string,
  store: Storage,
  log: Logger,
  onProgress: (progress: ImportProgress) => void,
): Promise<ImportSummary> {
  await using rows = openRows(from)
  const source = dendriteSource(rows)
  const rooms = await source.rooms()
  let events = 0
  let skipped = 0
  let done = 0
  const failed: { roomId: string; reason: string }[] = []
  const differences: RoomDifference[] = []
  const context = {
    source,
    store,
    nids: new NidSupply(store),
    eventTypes: await source.eventTypes(),
    stateKeys: await source.stateKeys(),
    redactions: await redactionsByTarget(source),
    onProgress: (count: number) => {
      events += count
      onProgress({ rooms: done, roomCount: rooms.length, events })
    },
  }
  for (const room of rooms) {
    try {
      if ((await importRoom(context, room)).skipped) skipped++
      const difference = await checkRoom(source, store, room)
      if (difference !== undefined) differences.push(difference)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      log.error({ room_id: room.room_id, err: error }, 'could not import room')
      failed.push({ roomId: room.room_id, reason })
    }
    done++
    onProgress({ rooms: done, roomCount: rooms.length, events })
  }
  const aliases = await source.aliases()
  for (const { alias, room_id, creator_id } of aliases) await store.addAlias(alias, room_id, creator_id)
  const published = await source.publishedRooms()
  for (const roomId of published) await store.publish(roomId, true)
  const { length: roomCount } = rooms
  return {
    rooms: roomCount,
    events,
    skipped,
    aliases: aliases.length,
    published: published.length,
    failed,
    differences,
  }
}

/** Of several redactions of one event the one that was applied counts. */
async function redactionsByTarget(source: DendriteSource): Promise<ReadonlyMap<string, DendriteRedaction>> {
  const rows = await source.redactions()
  const appliedLast = [...rows.filter((row) => !row.validated), ...rows.filter((row) => row.validated)]
  return new Map(appliedLast.map((row) => [row.redacts_event_id, row]))
}
