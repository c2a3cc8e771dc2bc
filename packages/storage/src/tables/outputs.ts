import type { EventId, EventNid, OutputKind, OutputRecord, RoomId, RoomNid } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkInsert } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** What is to be told to the other components, or (embedded form) was told. */
export interface OutputsTable {
  /** Counts over all rooms. */
  position: number
  room_nid: RoomNid
  /** Counts in the room: 1, 2, 3 … */
  seq: number
  /** 0: the output carries no event. */
  event_nid: EventNid
  kind: number
  /** JSON of the output's content without the event. */
  body: string
}

type NewOutput = Omit<OutputsTable, 'position'>

const columns: Columns<NewOutput> = {
  room_nid: 'int',
  seq: 'int',
  event_nid: 'int',
  kind: 'small',
  body: 'text',
}

/** In the order of their codes. */
const KINDS: readonly OutputKind[] = [
  'new_room_event',
  'old_room_event',
  'new_invite_event',
  'retire_invite_event',
  'redacted_event',
  'new_peek',
  'new_inbound_peek',
  'retire_peek',
]

/** An output with the room and the event that it is about. */
export interface StoredOutputRow extends OutputRecord {
  readonly position: number
  readonly roomId: RoomId
  readonly version: string
  readonly eventId: EventId | undefined
  readonly eventJson: string | undefined
}

export function outputQueries(dialect: Dialect, build: Db) {
  const withEvents = (query: Pick<Db, 'selectFrom'>) =>
    query
      .selectFrom('outputs')
      .innerJoin('rooms', 'rooms.nid', 'outputs.room_nid')
      .leftJoin('events', 'events.nid', 'outputs.event_nid')
      .selectAll('outputs')
      .select(['rooms.room_id', 'rooms.version', 'events.event_id', 'events.json'])
      .orderBy('position')
      .limit(slot<number>())
  const after = prepare(withEvents(build).where('position', '>', slot<number>()))
  // The select does not see yet what the delete does. What a crash brings back is sent again, under the same ID.
  const afterGone = prepare(
    withEvents(
      build.with('gone', (db) =>
        db.deleteFrom('outputs').where(dialect.among('position', 'int')).where(dialect.unsynced),
      ),
    ).where(sql<boolean>`not ${dialect.among('position', 'int')}`),
  )
  const remove = prepare(build.deleteFrom('outputs').where(dialect.among('position', 'int')))
  return {
    after: async (db: Db, position: number, limit: number): Promise<StoredOutputRow[]> =>
      (await after(db, position, limit)).map(toStored),
    /** Removes outputs and reads the first of the others. */
    next: async (db: Db, gone: readonly number[], limit: number): Promise<StoredOutputRow[]> => {
      const list = dialect.list(gone)
      if (gone.length > 0 && dialect.savesRoundTrips)
        return (await afterGone(db, list, list, limit)).map(toStored)
      if (gone.length > 0) await remove(db, list)
      return (await after(db, 0, limit)).map(toStored)
    },
    add: bulkInsert(dialect, 'outputs', columns, fromOutput),
    remove: (db: Db, positions: readonly number[]) => remove(db, dialect.list(positions)),
  }
}

interface JoinedOutput extends OutputsTable {
  readonly room_id: RoomId
  readonly version: string
  readonly event_id: EventId | null
  readonly json: string | null
}

function toStored(row: JoinedOutput): StoredOutputRow {
  return {
    ...toOutput(row),
    position: row.position,
    roomId: row.room_id,
    version: row.version,
    eventId: row.event_id ?? undefined,
    eventJson: row.json ?? undefined,
  }
}

function toOutput(row: OutputsTable): OutputRecord {
  return {
    roomNid: row.room_nid,
    seq: row.seq,
    kind: KINDS[row.kind] ?? 'new_room_event',
    event: row.event_nid,
    body: row.body,
  }
}

function fromOutput(output: OutputRecord): NewOutput {
  return {
    room_nid: output.roomNid,
    seq: output.seq,
    event_nid: output.event,
    kind: KINDS.indexOf(output.kind),
    body: output.body,
  }
}
