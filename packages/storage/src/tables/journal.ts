import type {
  EventNid,
  EventTypeNid,
  JournalCause,
  JournalRecord,
  RoomNid,
  StateKeyNid,
} from '@roomserver/types'
import { sql } from 'kysely'
import { bulkInsert } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'
import { decodeList, encodeList } from '../varint.ts'

/** Every change of a room's current state and its cause. */
export interface JournalTable {
  room_nid: RoomNid
  /** The revision of the room that the change made, and the change's place among the others of that commit. */
  revision: number
  place: number
  type_nid: EventTypeNid
  state_key_nid: StateKeyNid
  from_nid: EventNid
  to_nid: EventNid
  /** The event that brought the change about; 0: a repair. */
  cause_nid: EventNid
  cause: number
  reset: number
  /** Of a resolution, the conflicted events: a list of varints. */
  conflicted: Uint8Array | null
  /** Who repaired it. */
  repaired_by: string | null
}

const columns: Columns<JournalTable> = {
  room_nid: 'int',
  revision: 'int',
  place: 'int',
  type_nid: 'int',
  state_key_nid: 'int',
  from_nid: 'int',
  to_nid: 'int',
  cause_nid: 'int',
  cause: 'small',
  reset: 'small',
  conflicted: 'blob',
  repaired_by: 'text',
}

/** In the order of their codes. */
const CAUSES: readonly JournalCause['kind'][] = ['event', 'resolution', 'rewrite', 'repair']

export function journalQueries(dialect: Dialect, build: Db) {
  const ofRoom = build
    .selectFrom('journal')
    .selectAll()
    .where('room_nid', '=', slot<RoomNid>())
    .where('revision', '>', slot<number>())
  const ordered = <Q extends typeof ofRoom>(query: Q) =>
    prepare(query.orderBy('revision').orderBy('place').limit(slot<number>()))
  const changes = ordered(ofRoom)
  const resets = ordered(ofRoom.where('reset', '=', sql.lit(1)))
  return {
    ofRoom: async (db: Db, roomNid: RoomNid, afterRevision: number, limit: number, resetsOnly: boolean) =>
      (await (resetsOnly ? resets : changes)(db, roomNid, afterRevision, limit)).map(toJournal),
    add: bulkInsert(dialect, 'journal', columns, fromJournal),
  }
}

function toJournal(row: JournalTable): JournalRecord {
  return {
    roomNid: row.room_nid,
    revision: row.revision,
    type: row.type_nid,
    stateKey: row.state_key_nid,
    from: row.from_nid,
    to: row.to_nid,
    cause: toCause(row),
    reset: row.reset === 1,
  }
}

function toCause(row: JournalTable): JournalCause {
  const kind = CAUSES[row.cause] ?? 'repair'
  if (kind === 'repair') return { kind, by: row.repaired_by ?? '' }
  if (kind !== 'resolution') return { kind, event: row.cause_nid }
  return { kind, event: row.cause_nid, conflicted: row.conflicted === null ? [] : decodeList(row.conflicted) }
}

/** A change and its place in its commit. */
export interface PlacedChange {
  readonly record: JournalRecord
  readonly place: number
}

function fromJournal({ record, place }: PlacedChange): JournalTable {
  const { cause } = record
  return {
    room_nid: record.roomNid,
    revision: record.revision,
    place,
    type_nid: record.type,
    state_key_nid: record.stateKey,
    from_nid: record.from,
    to_nid: record.to,
    cause_nid: cause.kind === 'repair' ? (0 as EventNid) : cause.event,
    cause: CAUSES.indexOf(cause.kind),
    reset: record.reset ? 1 : 0,
    conflicted: cause.kind === 'resolution' ? encodeList(cause.conflicted) : null,
    repaired_by: cause.kind === 'repair' ? cause.by : null,
  }
}
