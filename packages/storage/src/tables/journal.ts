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
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { code, flag, int, list, optional, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

/** A change and its place in its commit. */
export interface PlacedChange {
  readonly record: JournalRecord
  readonly place: number
}

/** A place among the changes of a room. */
export interface JournalPlace {
  readonly revision: number
  readonly place: number
}

/** The same with its cause in columns. */
interface FlatChange extends Omit<JournalRecord, 'cause'> {
  readonly place: number
  readonly kind: JournalCause['kind']
  readonly event: EventNid
  readonly conflicted: readonly EventNid[] | undefined
  readonly by: string | undefined
}

/** In the order of their codes. */
const CAUSES: readonly JournalCause['kind'][] = ['event', 'resolution', 'rewrite', 'repair']

const format = rowFormat<FlatChange>()({
  roomNid: int('room_nid'),
  /** The revision of the room that the change made, and the change's place among the others of that commit. */
  revision: int('revision'),
  place: int('place'),
  type: int('type_nid'),
  stateKey: int('state_key_nid'),
  from: int('from_nid'),
  to: int('to_nid'),
  /** The event that brought the change about; 0: a repair. */
  event: int('cause_nid'),
  kind: code('cause', CAUSES, 'repair'),
  reset: flag('reset'),
  /** Of a resolution, the conflicted events. */
  conflicted: optional(list('conflicted')),
  /** Who repaired it. */
  by: optional(text('repaired_by')),
})

/** Every change of a room's current state and its cause. */
export type JournalTable = RowOf<typeof format>

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
  const earlier = build
    .selectFrom('journal')
    .selectAll()
    .where('room_nid', '=', slot<RoomNid>())
    .where(sql<boolean>`(revision, place) < (${slot<number>()}, ${slot<number>()})`)
  const latest = <Q extends typeof earlier>(query: Q) =>
    prepare(query.orderBy('revision', 'desc').orderBy('place', 'desc').limit(slot<number>()))
  const changesBefore = latest(earlier)
  const resetsBefore = latest(earlier.where('reset', '=', sql.lit(1)))
  // The places are found by the index of entries alone; SQLite would go through the whole journal to find rows.
  const ofEntry = prepare(
    build
      .selectFrom('journal')
      .selectAll()
      .where('room_nid', '=', slot<RoomNid>())
      .where(
        sql<boolean>`(revision, place) in (select revision, place from journal where room_nid = ${slot<RoomNid>()}
          and type_nid = ${slot<EventTypeNid>()} and state_key_nid = ${slot<StateKeyNid>()}
          and (revision, place) < (${slot<number>()}, ${slot<number>()}) and reset >= ${slot<number>()}
          order by revision desc, place desc limit ${slot<number>()})`,
      )
      .orderBy('revision', 'desc')
      .orderBy('place', 'desc'),
  )
  const countResets = prepare(
    build
      .selectFrom('journal')
      .select(sql<number>`count(*)`.as('count'))
      .where('room_nid', '=', slot<RoomNid>())
      .where('revision', '>', slot<number>())
      .where('reset', '=', sql.lit(1)),
  )
  return {
    /** The latest first, those before a place. */
    before: async (db: Db, roomNid: RoomNid, place: JournalPlace, limit: number, resetsOnly: boolean) =>
      (
        await (resetsOnly ? resetsBefore : changesBefore)(db, roomNid, place.revision, place.place, limit)
      ).map((row) => ({ ...toJournal(row), place: row.place })),
    /** Those of one entry, the latest first, those before a place. */
    ofEntry: async (
      db: Db,
      roomNid: RoomNid,
      { stateKey, type }: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid },
      {
        before,
        limit,
        resetsOnly,
      }: { readonly before: JournalPlace; readonly limit: number; readonly resetsOnly: boolean },
    ) => {
      const { place, revision } = before
      const entry = [type, stateKey, revision, place, resetsOnly ? 1 : 0, limit]
      const rows = await ofEntry(db, roomNid, roomNid, ...entry)
      return rows.map((row) => ({ ...toJournal(row), place: row.place }))
    },
    /** How many state resets a room had behind a revision. */
    countResets: async (db: Db, roomNid: RoomNid, afterRevision: number) =>
      (await countResets(db, roomNid, afterRevision))[0]?.count ?? 0,
    ofRoom: async (db: Db, roomNid: RoomNid, afterRevision: number, limit: number, resetsOnly: boolean) =>
      (await (resetsOnly ? resets : changes)(db, roomNid, afterRevision, limit)).map(toJournal),
    add: bulkInsert(dialect, 'journal', format.from(toFlat)),
  }
}

function toJournal(row: JournalTable): JournalRecord {
  const { place: _place, kind, event, conflicted = [], by = '', ...change } = format.toItem(row)
  const cause: JournalCause =
    kind === 'repair' ? { kind, by } : kind === 'resolution' ? { kind, event, conflicted } : { kind, event }
  return { ...change, cause }
}

function toFlat({ record: { cause, ...change }, place }: PlacedChange): FlatChange {
  return {
    ...change,
    place,
    kind: cause.kind,
    event: cause.kind === 'repair' ? (0 as EventNid) : cause.event,
    conflicted: cause.kind === 'resolution' ? cause.conflicted : undefined,
    by: cause.kind === 'repair' ? cause.by : undefined,
  }
}
