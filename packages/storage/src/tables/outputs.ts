import { hash } from 'node:crypto'
import type { Delivered, EventId, OutputKind, OutputRecord, RoomId } from '@roomserver/types'
import { type RawBuilder, sql } from 'kysely'
import { bulkInsert } from '../bulk.ts'
import { type Dialect, pairsList } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { assignments, code, int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

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

const format = rowFormat<OutputRecord>()({
  roomNid: int('room_nid'),
  /** Counts in the room: 1, 2, 3 … */
  seq: int('seq'),
  /** 0: the output carries no event. */
  event: int('event_nid'),
  kind: code('kind', KINDS, 'new_room_event'),
  /** JSON of the output's content without the event. */
  body: text('body'),
})

/** What is to be told to the other components, or (embedded form) was told. */
export interface OutputsTable extends RowOf<typeof format> {
  /** Counts over all rooms. */
  position: number
}

/** The columns of an output, as those of the delivered ones begin too. */
export const OUTPUT_COLUMNS = ['position', ...format.names] as const

/** An output with the room and the event that it is about. */
export interface StoredOutputRow extends OutputRecord {
  readonly position: number
  readonly roomId: RoomId
  readonly version: string
  readonly eventId: EventId | undefined
  readonly eventJson: string | undefined
  /** Tells it from another output of the same number, as one that a restore of the database lost. */
  readonly fingerprint: string
}

/** An output that waits to be delivered. */
export interface WaitingOutputRow extends StoredOutputRow {
  /** The lowest number of the outputs of its room that wait. */
  readonly firstWaiting: number
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
  // The numbers of a room say what precedes what; positions depend on how the database gives them.
  const firstOf = (isLeft: RawBuilder<boolean>) => sql<number>`(select earlier.seq from outputs as earlier
    where earlier.room_nid = outputs.room_nid and ${isLeft} order by earlier.seq limit 1)`
  const after = prepare(withEvents(build).where('position', '>', slot<number>()))
  const waiting = prepare(
    withEvents(build).select(firstOf(sql`true`).as('first_waiting')).where('position', '>', slot<number>()),
  )
  const output = sql.join(OUTPUT_COLUMNS.map((name) => sql.ref(name)))
  const taken = sql`${sql.join(OUTPUT_COLUMNS.map((name) => sql.ref(`outputs.${name}`)))}, v.sequence`
  const keep = (rows: RawBuilder<unknown>) => sql`insert into delivered_outputs
    (${output}, sequence, ts, total)
    select ${output}, sequence, ${dialect.nowMs},
      coalesce((select total from delivered_outputs order by sequence desc limit 1), 0)
        + sum(octet_length(body)) over (order by sequence)
    from (${rows}) as taken where true
    on conflict (sequence) do update set ${sql.raw(assignments([...OUTPUT_COLUMNS, 'ts'], 'excluded'))}`
  const moved = sql`v(position, sequence) as (${dialect.pairs}),
    gone as (delete from outputs using v where outputs.position = v.position and ${dialect.unsynced} returning ${taken}),
    kept as (${keep(sql`select * from gone`)})`
  // What a crash of the database undoes is sent again, under the same ID.
  const recordAtOnce = prepare(sql`with ${moved} select 1 as done`.compile(build))
  // The select does not see yet what the delete does.
  const isLeft = (table: string) => sql<boolean>`not ${dialect.among(`${table}.position`, 'int')}`
  const nextAtOnce = prepare(
    sql<JoinedOutput & { first_waiting: number }>`with ${moved} ${withEvents(build)
      .select(firstOf(isLeft('earlier')).as('first_waiting'))
      .where(isLeft('outputs'))}`.compile(build),
  )
  const copy = prepare(
    keep(
      sql`select ${taken} from outputs join (${dialect.pairs}) as v on v.position = outputs.position`,
    ).compile(build),
  )
  const remove = prepare(build.deleteFrom('outputs').where(dialect.among('position', 'int')))
  const record = async (db: Db, delivered: readonly Delivered[]): Promise<void> => {
    const pairs = pairsList(delivered)
    if (dialect.savesRoundTrips) return void (await recordAtOnce(db, pairs))
    await db.transaction().execute(async (tx) => {
      await copy(tx, pairs)
      await remove(tx, dialect.list(delivered.map(({ position }) => position)))
    })
  }
  const waitingAfter = async (db: Db, position: number, limit: number): Promise<WaitingOutputRow[]> =>
    (await waiting(db, position, limit)).map(toWaiting)
  const countWaiting = prepare(
    sql<{
      n: number
    }>`select count(*) as n from (select 1 from outputs limit ${slot<number>()}) as counted`.compile(build),
  )
  return {
    after: async (db: Db, position: number, limit: number): Promise<StoredOutputRow[]> =>
      (await after(db, position, limit)).map(toStored),
    waitingAfter,
    /** Keeps outputs as delivered instead of as waiting. */
    record,
    /** The same, and reads the first of the others. */
    next: async (db: Db, delivered: readonly Delivered[], limit: number): Promise<WaitingOutputRow[]> => {
      const positions = dialect.list(delivered.map(({ position }) => position))
      if (delivered.length > 0 && dialect.savesRoundTrips)
        return (await nextAtOnce(db, pairsList(delivered), positions, positions, limit)).map(toWaiting)
      if (delivered.length > 0) await record(db, delivered)
      return await waitingAfter(db, 0, limit)
    },
    /** How many wait, counted up to a limit. */
    countWaiting: async (db: Db, limit: number) => (await countWaiting(db, limit))[0]?.n ?? 0,
    add: bulkInsert(dialect, 'outputs', format),
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
    ...format.toItem(row),
    position: row.position,
    roomId: row.room_id,
    version: row.version,
    eventId: row.event_id ?? undefined,
    eventJson: row.json ?? undefined,
    fingerprint: hash('sha256', `${row.kind} ${row.event_id ?? ''} ${row.body}`, 'hex').slice(0, 8),
  }
}

function toWaiting(row: JoinedOutput & { readonly first_waiting: number }): WaitingOutputRow {
  return { ...toStored(row), firstWaiting: row.first_waiting }
}
