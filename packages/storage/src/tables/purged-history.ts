import type { EventId, EventNid, RoomNid, SnapshotNid } from '@roomserver/types'
import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'
import { decodeList } from '../varint.ts'
import type { JournalPlace } from './journal.ts'

/** Codes of verdicts. */
const OUTLIER = 0
/** Accepted and soft-failed: an outlier is neither, but has passed the rules against its own auth events. */
const ALLOWED = sql`verdict in (1, 2)`

interface JournalRow {
  readonly revision: number
  readonly place: number
  readonly from_nid: EventNid
  readonly to_nid: EventNid
  readonly cause_nid: EventNid
  readonly conflicted: Uint8Array | null
}

const NOTHING = new Uint8Array()

/** Takes the history of a room out of its graph, and finds and deletes what is left of it. */
export function purgedHistoryQueries(dialect: Dialect, build: Db) {
  const places = prepare(
    sql<{ nid: EventNid; room_nid: RoomNid; event_id: EventId; before_nid: SnapshotNid }>`
      select nid, room_nid, event_id, before_nid from events where ${dialect.among('event_id', 'text')}`.compile(
      build,
    ),
  )
  const ids = prepare(
    sql<{ nid: EventNid; event_id: EventId }>`select nid, event_id from events
      where ${dialect.among('nid', 'int')}`.compile(build),
  )
  const remove = prepare(
    sql`update events set before_nid = 0, after_nid = 0,
        rule = case when ${ALLOWED} then null else rule end,
        reason = case when ${ALLOWED} then null else reason end,
        verdict = case when ${ALLOWED} then ${sql.lit(OUTLIER)} else verdict end
      where ${dialect.among('nid', 'int')}`.compile(build),
  )
  const dropRemoteStates = prepare(
    sql`delete from remote_states where ${dialect.among('event_nid', 'int')}`.compile(build),
  )
  const waitForOwn = prepare(
    sql`update remote_states set waits_for = event_nid
      where verified = 0 and ${dialect.among('waits_for', 'int')}`.compile(build),
  )
  const references = prepare(
    sql<{ auth_nids: Uint8Array; redacted_by: EventNid }>`select auth_nids, redacted_by from events
      where ${dialect.among('nid', 'int')}`.compile(build),
  )
  const ofRoom = (table: string, column: string) =>
    prepare(
      sql<{ nid: EventNid | null }>`select ${sql.ref(column)} as nid from ${sql.table(table)}
        where room_nid = ${slot<RoomNid>()}`.compile(build),
    )
  const named = [
    ofRoom('invites', 'event_nid'),
    ofRoom('invites', 'retired_by'),
    ofRoom('memberships', 'event_nid'),
  ]
  // The latest output of the log stays as well.
  const leftOutputs = prepare(
    sql<{ nid: EventNid | null }>`select event_nid as nid from outputs where room_nid = ${slot<RoomNid>()}
      and (seq > ${slot<number>()} or position = (select max(position) from outputs))`.compile(build),
  )
  const journal = prepare(
    sql<JournalRow>`select revision, place, from_nid, to_nid, cause_nid, conflicted from journal
      where room_nid = ${slot<RoomNid>()} and (revision, place) > (${slot<number>()}, ${slot<number>()})
      order by revision, place limit ${slot<number>()}`.compile(build),
  )
  const dropJournal = prepare(
    sql<{ n: number }>`delete from journal where room_nid = ${slot<RoomNid>()} and (revision, place) in
      (select revision, place from journal where room_nid = ${slot<RoomNid>()}
        and (revision, place) < (${slot<number>()}, ${slot<number>()})
        order by revision, place limit ${slot<number>()}) returning 1 as n`.compile(build),
  )
  const countJournal = prepare(
    sql<{ n: number }>`select count(*) as n from journal
      where room_nid = ${slot<RoomNid>()} and (revision, place) < (${slot<number>()}, ${slot<number>()})`.compile(
      build,
    ),
  )
  const countOutputs = prepare(
    sql<{ n: number }>`select count(*) as n from outputs
      where room_nid = ${slot<RoomNid>()} and seq <= ${slot<number>()}`.compile(build),
  )
  const outputs = prepare(
    sql<{ seq: number; event: EventNid }>`select seq, event_nid as event from outputs
      where room_nid = ${slot<RoomNid>()} and seq > ${slot<number>()} order by seq limit ${slot<number>()}`.compile(
      build,
    ),
  )
  // The latest output of the log stays: readers go on behind it.
  const dropOutputs = prepare(
    sql<{ n: number }>`delete from outputs where room_nid = ${slot<RoomNid>()} and seq in
      (select seq from outputs where room_nid = ${slot<RoomNid>()} and seq <= ${slot<number>()}
        and position < (select max(position) from outputs) order by seq limit ${slot<number>()})
      returning 1 as n`.compile(build),
  )
  const delivered = prepare(
    sql<{ sequence: number; event: EventNid; room: RoomNid }>`select sequence, event_nid as event,
        room_nid as room from delivered_outputs
      where sequence > ${slot<number>()} order by sequence limit ${slot<number>()}`.compile(build),
  )
  const dropDelivered = prepare(
    sql`delete from delivered_outputs where ${dialect.among('sequence', 'int')}`.compile(build),
  )
  const count = prepare(
    sql<{ n: number }>`select count(*) as n from events where room_nid = ${slot<RoomNid>()}`.compile(build),
  )
  const nids = prepare(
    sql<{ nid: EventNid }>`select nid from events where room_nid = ${slot<RoomNid>()}
      and nid > ${slot<EventNid>()} order by nid limit ${slot<number>()}`.compile(build),
  )
  const states = prepare(
    sql<{ nid: SnapshotNid }>`select nid from snapshots where room_nid = ${slot<RoomNid>()}`.compile(build),
  )
  const statesAmong = prepare(
    sql<{ nid: SnapshotNid }>`select before_nid as nid from events
        where room_nid = ${slot<RoomNid>()} and ${dialect.among('before_nid', 'int')}
      union select after_nid from events
        where room_nid = ${slot<RoomNid>()} and ${dialect.among('after_nid', 'int')}`.compile(build),
  )
  return {
    /** Which of some events are stored in a room, and which of those are in its graph. */
    places: async (db: Db, room: RoomNid, of: readonly EventId[]) =>
      // Were it told the room, SQLite would go through all events of that.
      (await places(db, dialect.list(of)))
        .filter((row) => row.room_nid === room)
        .map((row) => ({ nid: row.nid, eventId: row.event_id, isInGraph: row.before_nid !== 0 })),
    idsOf: async (db: Db, of: readonly EventNid[]): Promise<ReadonlyMap<EventNid, EventId>> =>
      new Map((await ids(db, dialect.list(of))).map((row) => [row.nid, row.event_id])),
    /** Takes events out of the graph, and has nothing wait for the states before them any more. */
    remove: async (db: Db, of: readonly EventNid[]) => {
      const list = dialect.list(of)
      for (const statement of [remove, dropRemoteStates, waitForOwn]) await statement(db, list)
    },
    /** What events refer to as auth events, and what redacted them. */
    references: async (db: Db, of: readonly EventNid[]): Promise<readonly EventNid[]> =>
      (await references(db, dialect.list(of))).flatMap((row) => [
        ...decodeList<EventNid>(row.auth_nids),
        row.redacted_by,
      ]),
    /** Events that invites and memberships of a room name, and outputs behind a number. */
    named: async (db: Db, room: RoomNid, lastOutput: number): Promise<readonly EventNid[]> => {
      const rows = await leftOutputs(db, room, lastOutput)
      for (const statement of named) rows.push(...(await statement(db, room)))
      return rows.map(({ nid }) => nid).filter((nid) => nid !== null)
    },
    /** Changes of a room's current state behind a place, with the event that brought each about and the others it names. */
    journal: async (db: Db, room: RoomNid, after: JournalPlace, limit: number) =>
      (await journal(db, room, after.revision, after.place, limit)).map((row) => ({
        revision: row.revision,
        place: row.place,
        cause: row.cause_nid,
        events: [row.from_nid, row.to_nid, row.cause_nid, ...decodeList<EventNid>(row.conflicted ?? NOTHING)],
      })),
    /** Deletes the first changes before a place; returns how many. */
    dropJournal: async (
      db: Db,
      room: RoomNid,
      { place, revision }: JournalPlace,
      limit: number,
    ): Promise<number> => (await dropJournal(db, room, room, revision, place, limit)).length,
    /** How many changes there are before a place. */
    countJournal: async (db: Db, room: RoomNid, { place, revision }: JournalPlace): Promise<number> =>
      (await countJournal(db, room, revision, place))[0]?.n ?? 0,
    /** How many outputs there are up to a number. */
    countOutputs: async (db: Db, room: RoomNid, seq: number): Promise<number> =>
      (await countOutputs(db, room, seq))[0]?.n ?? 0,
    /** Outputs of a room behind a number. */
    outputs: (db: Db, room: RoomNid, after: number, limit: number) => outputs(db, room, after, limit),
    /** Deletes the first outputs up to a number, but the latest of the log; returns how many. */
    dropOutputs: async (db: Db, room: RoomNid, seq: number, limit: number): Promise<number> =>
      (await dropOutputs(db, room, room, seq, limit)).length,
    /** Delivered outputs of all rooms behind a number of the stream. */
    delivered: (db: Db, after: number, limit: number) => delivered(db, after, limit),
    dropDelivered: async (db: Db, sequences: readonly number[]) =>
      void (await dropDelivered(db, dialect.list(sequences))),
    count: async (db: Db, room: RoomNid): Promise<number> => (await count(db, room))[0]?.n ?? 0,
    /** NIDs of a room's events behind one. */
    nids: async (db: Db, room: RoomNid, after: EventNid, limit: number): Promise<readonly EventNid[]> =>
      (await nids(db, room, after, limit)).map(({ nid }) => nid),
    /** Those of some states that are before or after an event of a room. Reads all its events. */
    statesAmong: async (
      db: Db,
      room: RoomNid,
      of: readonly SnapshotNid[],
    ): Promise<readonly SnapshotNid[]> =>
      of.length === 0
        ? []
        : (await statesAmong(db, room, dialect.list(of), room, dialect.list(of))).map(({ nid }) => nid),
    /** The states of a room that are stored. */
    states: async (db: Db, room: RoomNid): Promise<readonly SnapshotNid[]> =>
      (await states(db, room)).map(({ nid }) => nid),
  }
}
