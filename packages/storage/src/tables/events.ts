import type {
  EventId,
  EventNid,
  EventRecord,
  EventText,
  EventTypeNid,
  EventUpdate,
  RoomNid,
  SnapshotNid,
  StateKeyNid,
  Verdict,
} from '@roomserver/types'
import { type CompiledQuery, sql } from 'kysely'
import { bulkInsert, bulkWrite } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'
import { decodeList, encodeList } from '../varint.ts'

/** Every event that was stored, and what became of it. */
export interface EventsTable {
  nid: EventNid
  room_nid: RoomNid
  type_nid: EventTypeNid
  /** 0: no state event. */
  state_key_nid: StateKeyNid
  depth: number
  auth_level: number
  /** Snapshots before and after the event; 0: not known. */
  before_nid: SnapshotNid
  after_nid: SnapshotNid
  /** The redaction that was applied; 0: none. */
  redacted_by: EventNid
  verdict: number
  event_id: EventId
  rule: string | null
  reason: string | null
  /** The stored ones of the events that it references as auth events: a list of varints. */
  auth_nids: Uint8Array
  json: string
  /** Of a redacted event: what the authorization rules read of it and `json` has not any more; empty: not kept. */
  auth_content: string
}

const columns: Columns<EventsTable> = {
  nid: 'int',
  room_nid: 'int',
  type_nid: 'int',
  state_key_nid: 'int',
  depth: 'int',
  auth_level: 'int',
  before_nid: 'int',
  after_nid: 'int',
  redacted_by: 'int',
  verdict: 'small',
  event_id: 'text',
  rule: 'text',
  reason: 'text',
  auth_nids: 'blob',
  json: 'text',
  auth_content: 'text',
}

/** In the order of their codes. */
const VERDICTS: readonly Verdict[] = [
  'outlier',
  'accepted',
  'soft-failed',
  'rejected-by-auth-events',
  'rejected-by-state',
]

export function eventQueries(dialect: Dialect, build: Db) {
  const byNid = prepare(build.selectFrom('events').selectAll().where(dialect.among('nid', 'int')))
  const byId = prepare(build.selectFrom('events').selectAll().where(dialect.among('event_id', 'text')))
  const texts = prepare(
    build
      .selectFrom('events')
      .select(['nid', 'room_nid', 'event_id', 'json'])
      .where(dialect.among('nid', 'int')),
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
  return {
    /** A room's events, page by page. */
    ofRoom: async (db: Db, roomNid: RoomNid, after: number, limit: number) =>
      (await ofRoom(db, roomNid, after, limit)).map(toEvent),
    byNids: async (db: Db, nids: readonly EventNid[]) => (await byNid(db, dialect.list(nids))).map(toEvent),
    textsOf: async (db: Db, nids: readonly EventNid[]) => (await texts(db, dialect.list(nids))).map(toText),
    byIds: async (db: Db, ids: readonly EventId[]) => (await byId(db, dialect.list(ids))).map(toEvent),
    /** Counts (as `n`) those of these events that are stored. */
    count: (ids: readonly EventId[]): CompiledQuery => ({ ...counted, parameters: [dialect.list(ids)] }),
    add: bulkInsert(dialect, 'events', columns, fromEvent),
    /** Passes over those whose ID or NID is there already; returns the NIDs of the others. */
    addMissing: bulkInsert(dialect, 'events', columns, fromEvent, 'on conflict do nothing returning nid'),
    update: bulkWrite(dialect, updateColumns, fromUpdate, UPDATE),
  }
}

function toEvent(row: EventsTable): EventRecord {
  return {
    nid: row.nid,
    roomNid: row.room_nid,
    eventId: row.event_id,
    typeNid: row.type_nid,
    stateKeyNid: row.state_key_nid,
    depth: row.depth,
    authLevel: row.auth_level,
    authNids: decodeList(row.auth_nids),
    verdict: VERDICTS[row.verdict] ?? 'rejected-by-state',
    rule: row.rule ?? undefined,
    reason: row.reason ?? undefined,
    before: row.before_nid,
    after: row.after_nid,
    redactedBy: row.redacted_by,
    json: row.json,
    ...(row.auth_content !== '' && { authContent: row.auth_content }),
  }
}

function toText(row: Pick<EventsTable, 'nid' | 'room_nid' | 'event_id' | 'json'>): EventText {
  return { nid: row.nid, roomNid: row.room_nid, eventId: row.event_id, json: row.json }
}

function fromEvent(event: EventRecord): EventsTable {
  return {
    nid: event.nid,
    room_nid: event.roomNid,
    type_nid: event.typeNid,
    state_key_nid: event.stateKeyNid,
    depth: event.depth,
    auth_level: event.authLevel,
    before_nid: event.before,
    after_nid: event.after,
    redacted_by: event.redactedBy,
    verdict: VERDICTS.indexOf(event.verdict),
    event_id: event.eventId,
    rule: event.rule ?? null,
    reason: event.reason ?? null,
    auth_nids: encodeList(event.authNids),
    json: event.json,
    auth_content: event.authContent ?? '',
  }
}

/** What changes of an event; null leaves a column as it is. */
interface UpdateRow {
  nid: EventNid
  verdict: number | null
  rule: string | null
  reason: string | null
  before_nid: SnapshotNid | null
  after_nid: SnapshotNid | null
  redacted_by: EventNid | null
  json: string | null
  auth_nids: Uint8Array | null
  auth_level: number | null
  auth_content: string | null
}

const updateColumns: Columns<UpdateRow> = {
  nid: 'int',
  verdict: 'small',
  rule: 'text',
  reason: 'text',
  before_nid: 'int',
  after_nid: 'int',
  redacted_by: 'int',
  json: 'text',
  auth_nids: 'blob',
  auth_level: 'int',
  auth_content: 'text',
}

/** A new verdict brings its own rule and reason, or none. */
const UPDATE = `update events set
  verdict = coalesce(v.verdict, events.verdict),
  rule = case when v.verdict is null then coalesce(v.rule, events.rule) else v.rule end,
  reason = case when v.verdict is null then coalesce(v.reason, events.reason) else v.reason end,
  before_nid = coalesce(v.before_nid, events.before_nid),
  after_nid = coalesce(v.after_nid, events.after_nid),
  redacted_by = coalesce(v.redacted_by, events.redacted_by),
  json = coalesce(v.json, events.json),
  auth_nids = coalesce(v.auth_nids, events.auth_nids),
  auth_level = coalesce(v.auth_level, events.auth_level),
  auth_content = coalesce(v.auth_content, events.auth_content)
  from v where events.nid = v.nid`

function fromUpdate(update: EventUpdate): UpdateRow {
  return {
    nid: update.nid,
    verdict: update.verdict === undefined ? null : VERDICTS.indexOf(update.verdict),
    rule: update.rule ?? null,
    reason: update.reason ?? null,
    before_nid: update.before ?? null,
    after_nid: update.after ?? null,
    redacted_by: update.redactedBy ?? null,
    json: update.json ?? null,
    auth_nids: update.authNids === undefined ? null : encodeList(update.authNids),
    auth_level: update.authLevel ?? null,
    auth_content: update.authContent ?? null,
  }
}
