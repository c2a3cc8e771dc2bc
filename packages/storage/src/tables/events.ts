import {
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  type EventUpdate,
  type NidSpan,
  NO_NID,
  type RoomNid,
  type StateKeyNid,
  type Verdict,
} from '@roomserver/types'
import { type CompiledQuery, sql } from 'kysely'
import { bulkInsert, bulkWrite } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { code, int, list, optional, rowFormat, type RowOf, text, textOrEmpty } from '../row-format.ts'
import type { Db } from '../schema.ts'

/** In the order of their codes. */
const VERDICTS: readonly Verdict[] = [
  'outlier',
  'accepted',
  'soft-failed',
  'rejected-by-auth-events',
  'rejected-by-state',
]

const format = rowFormat<EventRecord>()({
  nid: int('nid'),
  roomNid: int('room_nid'),
  typeNid: int('type_nid'),
  /** 0: no state event. */
  stateKeyNid: int('state_key_nid'),
  depth: int('depth'),
  authLevel: int('auth_level'),
  /** Snapshots before and after the event; 0: not known. */
  before: int('before_nid'),
  after: int('after_nid'),
  /** The redaction that was applied; 0: none. */
  redactedBy: int('redacted_by'),
  verdict: code('verdict', VERDICTS, 'rejected-by-state'),
  eventId: text('event_id'),
  rule: optional(text('rule')),
  reason: optional(text('reason')),
  /** The stored ones of the events that it references as auth events. */
  authNids: list('auth_nids'),
  json: text('json'),
  /** Of a redacted event: what the authorization rules read of it and `json` has not any more. */
  authContent: textOrEmpty('auth_content'),
})

const textFormat = format.pick('nid', 'roomNid', 'eventId', 'json')

const changes = format
  .pick(
    'nid',
    'verdict',
    'rule',
    'reason',
    'before',
    'after',
    'redactedBy',
    'json',
    'authNids',
    'authLevel',
    'authContent',
  )
  .changes()

/** The code of accepted events; of those that were not, but outliers, it is greater. */
const ACCEPTED = VERDICTS.indexOf('accepted')

/** Greater than every NID. */
const NO_END = Number.MAX_SAFE_INTEGER

interface FiguresRow {
  readonly verdict: number
  readonly count: number
  readonly bytes: number
  readonly last: EventNid
}

/** Every event that was stored, and what became of it. */
export type EventsTable = RowOf<typeof format>

export function eventQueries(dialect: Dialect, build: Db) {
  const byNid = prepare(build.selectFrom('events').selectAll().where(dialect.among('nid', 'int')))
  const byId = prepare(build.selectFrom('events').selectAll().where(dialect.among('event_id', 'text')))
  const texts = prepare(
    build.selectFrom('events').select(textFormat.names).where(dialect.among('nid', 'int')),
  )
  const counted = sql<{
    n: number
  }>`select count(*) as n from events where ${dialect.among('event_id', 'text')}`.compile(build)
  const ofRoom = prepare(
    build
      .selectFrom('events')
      .selectAll()
      .where('room_nid', '=', slot<RoomNid>())
      .where('nid', '>', slot<EventNid>())
      .orderBy('nid')
      .limit(slot<number>()),
  )
  const before = prepare(
    build
      .selectFrom('events')
      .selectAll()
      .where('room_nid', '=', slot<RoomNid>())
      .where('nid', '<', slot<EventNid>())
      .orderBy('nid', 'desc')
      .limit(slot<number>()),
  )
  const between = prepare(
    build
      .selectFrom('events')
      .selectAll()
      .where('nid', '>', slot<EventNid>())
      .where('nid', '<', slot<EventNid>())
      .orderBy('nid')
      .limit(slot<number>()),
  )
  const latest = prepare(
    build.selectFrom('events').select((row) => row.fn.max<EventNid | null>('nid').as('nid')),
  )
  const unused = prepare(
    sql<NidSpan>`select after, before from (select lag(nid) over (order by nid) as after, nid as before
        from (select nid from events where nid <= ${slot<EventNid>()} order by nid desc limit ${slot<number>()}) as newest)
        as pairs
      where before - after > 1 order by before`.compile(build),
  )
  type Found = { readonly nid: EventNid }
  const nidsBefore = prepare(
    sql<Found>`select nid from events where room_nid = ${slot<RoomNid>()} and nid < ${slot<EventNid>()}
      order by nid desc limit ${slot<number>()}`.compile(build),
  )
  // The last of those that are looked at.
  const lookedTo = prepare(
    sql<Found>`select nid from events where room_nid = ${slot<RoomNid>()} and nid < ${slot<EventNid>()}
      order by nid desc limit 1 offset ${slot<number>()}`.compile(build),
  )
  const lookedOnTo = prepare(
    sql<Found>`select nid from events where room_nid = ${slot<RoomNid>()} and nid > ${slot<EventNid>()}
      order by nid limit 1 offset ${slot<number>()}`.compile(build),
  )
  const found = prepare(
    build
      .selectFrom('events')
      .selectAll()
      .where('room_nid', '=', slot<RoomNid>())
      .where('nid', '<', slot<EventNid>())
      .where('nid', '>=', slot<EventNid>())
      .where('type_nid', '>=', slot<EventTypeNid>())
      .where('type_nid', '<=', slot<EventTypeNid>())
      .where(dialect.among('verdict', 'int'))
      .orderBy('nid', 'desc'),
  )
  // By the index of events that were not accepted, which is used only where the statement says that these are meant; SQLite
  // would rather go through the room in the order that is asked for.
  const refused = prepare(
    sql<Found>`select nid from events where room_nid = ${slot<RoomNid>()} and verdict > ${sql.lit(ACCEPTED)}
      and ${dialect.among('verdict', 'int')} and nid < ${slot<EventNid>()}
      order by +nid desc limit ${slot<number>()}`.compile(build),
  )
  const naming = prepare(
    sql<Found>`select nid from events where room_nid = ${slot<RoomNid>()} and nid > ${slot<EventNid>()}
      and nid < ${slot<EventNid>()} and ${sql.raw(dialect.firstIndex)}(json, ${slot<string>()}) > 0
      order by nid`.compile(build),
  )
  // By the index that has state events alone, which is used only where the statement says that these are meant.
  const setters = prepare(
    sql<Found>`select nid from events where room_nid = ${slot<RoomNid>()} and type_nid = ${slot<number>()}
      and state_key_nid = ${slot<number>()} and state_key_nid <> 0 and nid < ${slot<EventNid>()}
      order by nid desc limit ${slot<number>()}`.compile(build),
  )
  const figures = prepare(
    sql<FiguresRow>`select verdict, count(*) as count, coalesce(sum(octet_length(json)), 0) as bytes,
        max(nid) as last
      from (select nid, verdict, json from events where room_nid = ${slot<RoomNid>()}
        and nid > ${slot<EventNid>()} order by nid limit ${slot<number>()}) as page
      group by verdict`.compile(build),
  )
  return {
    /** Those of a room that come before one, the latest first. */
    before: async (db: Db, roomNid: RoomNid, nid: EventNid, limit: number) =>
      (await before(db, roomNid, nid, limit)).map(format.toItem),
    /** Those of all rooms between two NIDs. */
    between: async (db: Db, { after, before: end }: NidSpan, limit: number) =>
      (await between(db, after, end, limit)).map(format.toItem),
    /** The NID of the latest event of all rooms; 0: there is none. */
    latest: async (db: Db) => (await latest(db))[0]?.nid ?? NO_NID,
    /** Which NIDs no event has, between so many of those up to one. */
    unused: (db: Db, last: EventNid, look: number) => unused(db, last, look),
    /** The NIDs of those of a room that come before one, the latest first. */
    nidsBefore: async (db: Db, roomNid: RoomNid, nid: EventNid, limit: number) =>
      (await nidsBefore(db, roomNid, nid, limit)).map((row) => row.nid),
    /** State events with a type and state key, the latest first, those of a room before one. */
    setters: async (
      db: Db,
      roomNid: RoomNid,
      { stateKey, type }: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid },
      page: { readonly before: EventNid; readonly limit: number },
    ) => (await setters(db, roomNid, type, stateKey, page.before, page.limit)).map(({ nid }) => nid),
    /** Those of a type (0: any) and with some verdicts (none: any), of so many events of a room or more before one, the latest first. */
    find: async (
      db: Db,
      roomNid: RoomNid,
      { type, verdicts }: { readonly type: EventTypeNid; readonly verdicts: readonly Verdict[] },
      { before: from, look }: { readonly before: EventNid; readonly look: number },
    ) => {
      const types = type === NO_NID ? [NO_NID, NO_END] : [type, type]
      const codes = (verdicts.length === 0 ? VERDICTS : verdicts).map((one) => VERDICTS.indexOf(one))
      const list = dialect.list(codes)
      if (type === NO_NID && codes.every((one) => one > ACCEPTED)) {
        const nids = (await refused(db, roomNid, list, from, look)).map(({ nid }) => nid)
        const events = nids.length === 0 ? [] : (await byNid(db, dialect.list(nids))).map(format.toItem)
        const lookedTo = nids.length < look ? NO_NID : (nids.at(-1) ?? NO_NID)
        return { events: events.toSorted((a, b) => b.nid - a.nid), lookedTo }
      }
      const [last] = await lookedTo(db, roomNid, from, look - 1)
      const to = last?.nid ?? NO_NID
      const rows = await found(db, roomNid, from, to, ...types, list)
      return { events: rows.map(format.toItem), lookedTo: to }
    },
    /** Those that name an event, of so many events of a room after or before one, and whether there are no more of it there. */
    naming: async (
      db: Db,
      roomNid: RoomNid,
      eventId: EventId,
      {
        from,
        look,
        side,
      }: { readonly from: EventNid; readonly side: 'after' | 'before'; readonly look: number },
    ) => {
      const isAfter = side === 'after'
      // The first that is not looked at.
      const [end] = await (isAfter ? lookedOnTo : lookedTo)(db, roomNid, from, look)
      const [low, high] = isAfter ? [from, end?.nid ?? NO_END] : [end?.nid ?? NO_NID, from]
      const rows = await naming(db, roomNid, low, high, JSON.stringify(eventId))
      return { events: rows.map(({ nid }) => nid), isEnd: end === undefined }
    },
    /** How many of a room's events behind one have each verdict, of so many that are looked at, and their bytes. */
    figures: async (db: Db, roomNid: RoomNid, after: EventNid, limit: number) =>
      (await figures(db, roomNid, after, limit)).map((row) => ({
        ...row,
        verdict: VERDICTS[row.verdict] ?? 'rejected-by-state',
      })),
    /** A room's events, page by page. */
    ofRoom: async (db: Db, roomNid: RoomNid, after: number, limit: number) =>
      (await ofRoom(db, roomNid, after, limit)).map(format.toItem),
    byNids: async (db: Db, nids: readonly EventNid[]) =>
      (await byNid(db, dialect.list(nids))).map(format.toItem),
    textsOf: async (db: Db, nids: readonly EventNid[]) =>
      (await texts(db, dialect.list(nids))).map(textFormat.toItem),
    byIds: async (db: Db, ids: readonly EventId[]) => (await byId(db, dialect.list(ids))).map(format.toItem),
    /** Counts (as `n`) those of these events that are stored. */
    count: (ids: readonly EventId[]): CompiledQuery => ({ ...counted, parameters: [dialect.list(ids)] }),
    add: bulkInsert(dialect, 'events', format),
    /** Passes over those whose ID or NID is there already; returns the NIDs of the others. */
    addMissing: bulkInsert(dialect, 'events', format, 'on conflict do nothing returning nid'),
    update: bulkWrite<EventUpdate>(dialect, changes, updateText()),
  }
}

/** A new verdict brings its own rule and reason, or none; of everything else, null leaves it as it is. */
function updateText(): string {
  const assignment = (name: string): string => {
    const kept = `coalesce(v.${name}, events.${name})`
    const withVerdict = name === 'rule' || name === 'reason'
    return `${name} = ${withVerdict ? `case when v.verdict is null then ${kept} else v.${name} end` : kept}`
  }
  const changed = changes.names.filter((name) => name !== 'nid').map(assignment)
  return `update events set ${changed.join(', ')} from v where events.nid = v.nid`
}
