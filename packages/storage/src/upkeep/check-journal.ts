import {
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  NO_NID,
  type RoomRecord,
  type StateKeyNid,
  paged,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { decodeList } from '../varint.ts'
import type { CurrentState } from './current-state.ts'
import { type Finding, finding } from './finding.ts'
import { stringsOf } from './strings-of.ts'

interface Row {
  readonly revision: number
  readonly place: number
  readonly type: EventTypeNid
  readonly key: StateKeyNid
  readonly from: EventNid
  readonly to: EventNid
  readonly by: EventNid
  readonly cause: number
  readonly reset: number
  readonly conflicted: Uint8Array | null
  readonly repaired_by: string | null
}

const PAGE = 200
/** No room comes to this one. */
const GREATEST_REVISION = 2 ** 48
const [RESOLUTION, REPAIR] = [1, 3]

/**
 * Checks that the journal of a room leads from each change to the next and in the end to the current state, and that what
 * it names is stored.
 */
export async function checkJournal(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  current: CurrentState | undefined,
  report: (finding: Finding) => void,
): Promise<void> {
  const latest = new Map<string, EventNid>()
  let before: Row | undefined
  const read = (after: Row | undefined, limit: number) => readPage(db, room, after, limit)
  const first: Row | undefined = undefined
  for await (const page of paged({ read, keyOf: (row: Row): Row | undefined => row, first, limit: PAGE })) {
    const context = await contextOf(db, tables, page)
    for (const row of page) {
      const name = `${row.type}/${row.key}`
      const known = latest.get(name)
      latest.set(name, row.to)
      const where = `the change of ${context.nameOf(row)} in revision ${row.revision}`
      const isLater = row.revision > room.revision
      const wrong = [
        isLater ? 'is later than the revision of the room' : undefined,
        isNext(row, before) || (before === undefined && room.purgedDepth > 0)
          ? undefined
          : 'does not continue the other changes of its revision',
        // A repair begins where damage had left the state.
        known !== undefined && known !== row.from && row.cause !== REPAIR
          ? 'does not start from the result of the previous change'
          : undefined,
        wrongInRow(row, context),
      ].filter((what) => what !== undefined)
      before = row
      // The next change would be in the way of one that is later.
      const rebuild =
        isLater && row.revision <= GREATEST_REVISION
          ? sql`update rooms set revision = ${row.revision} where nid = ${room.nid} and revision < ${row.revision}`
          : undefined
      for (const what of wrong) report(finding(room.roomId, 'journal', `${where} ${what}`, rebuild))
    }
  }
  if (current !== undefined && latest.size > 0) await checkEnd(db, tables, room, current, latest, report)
}

/** The journal ends with what is current; one that tells of the create event tells of everything since. */
async function checkEnd(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  current: CurrentState,
  latest: ReadonlyMap<string, EventNid>,
  report: (finding: Finding) => void,
): Promise<void> {
  const wrong: { readonly type: EventTypeNid; readonly key: StateKeyNid }[] = []
  const unseen = new Map(latest)
  for (const [type, key, event] of current.entries()) {
    const name = `${type}/${key}`
    const known = latest.get(name)
    unseen.delete(name)
    if (known === undefined ? latest.has(CREATE) : known !== event) wrong.push({ type, key })
  }
  for (const [name, event] of unseen) {
    const [type, key] = name.split('/').map(Number)
    if (event !== NO_NID) wrong.push({ type: type as EventTypeNid, key: key as StateKeyNid })
  }
  const strings = await stringsOf(
    db,
    tables,
    wrong.map(({ type }) => type),
    wrong.map(({ key }) => key),
  )
  for (const { type, key } of wrong) {
    const name = `${strings.types.get(type) ?? 'an unknown type'} ${JSON.stringify(strings.keys.get(key) ?? '?')}`
    report(finding(room.roomId, 'journal', `the last change of ${name} does not lead to the current state`))
  }
}

/** The create event's entry: type 1 and state key 1 are the same in every store. */
const CREATE = '1/1'

async function readPage(
  db: Db,
  { nid }: RoomRecord,
  after: Row | undefined,
  limit: number,
): Promise<readonly Row[]> {
  const { rows } =
    await sql<Row>`select revision, place, type_nid as type, state_key_nid as key, from_nid as "from",
      to_nid as "to", cause_nid as by, cause, reset, conflicted, repaired_by
    from journal where room_nid = ${nid} and (revision > ${after?.revision ?? -1}
      or (revision = ${after?.revision ?? -1} and place > ${after?.place ?? -1}))
    order by revision, place limit ${limit}`.execute(db)
  return rows
}

interface Context {
  readonly events: ReadonlyMap<EventNid, EventRecord>
  nameOf(row: Row): string
}

async function contextOf(db: Db, tables: Tables, page: readonly Row[]): Promise<Context> {
  const nids = new Set(page.flatMap((row) => [row.from, row.to, row.by, ...(conflictedIn(row) ?? [])]))
  nids.delete(NO_NID)
  const events = new Map((await tables.events.byNids(db, [...nids])).map((event) => [event.nid, event]))
  const strings = await stringsOf(
    db,
    tables,
    page.map(({ type }) => type),
    page.map(({ key }) => key),
  )
  return {
    events,
    nameOf: ({ type, key }) =>
      `${strings.types.get(type) ?? 'an unknown type'} ${JSON.stringify(strings.keys.get(key) ?? '?')}`,
  }
}

/** The conflicted events; `undefined`: the list cannot be read. */
function conflictedIn({ conflicted }: Row): readonly EventNid[] | undefined {
  try {
    return conflicted === null ? [] : decodeList(conflicted)
  } catch {
    return undefined
  }
}

function isNext(row: Row, before: Row | undefined): boolean {
  return row.place === (before?.revision === row.revision ? before.place + 1 : 0)
}

function wrongInRow(row: Row, { events }: Context): string | undefined {
  const conflicted = conflictedIn(row)
  if (conflicted === undefined) return 'has a list of events that cannot be read'
  const named = [row.from, row.to, row.by, ...conflicted].filter((nid) => nid !== NO_NID)
  if (named.some((nid) => !events.has(nid))) return 'names events that are not stored'
  for (const nid of [row.from, row.to]) {
    const event = events.get(nid)
    if (event !== undefined && (event.typeNid !== row.type || event.stateKeyNid !== row.key))
      return `refers to ${event.eventId}, which is another entry of the state`
  }
  const isRepair = row.cause === REPAIR
  const isWhole =
    row.cause >= 0 &&
    row.cause <= REPAIR &&
    isRepair === (row.repaired_by !== null) &&
    isRepair === (row.by === NO_NID) &&
    (row.cause === RESOLUTION) === (row.conflicted !== null)
  if (!isWhole) return 'has an inconsistent cause'
  const isFallback = !isRepair && row.to !== row.by && isOlder(events.get(row.from), events.get(row.to))
  return isRepair || isFallback === (row.reset === 1)
    ? undefined
    : 'is wrongly marked as a reset, or wrongly not marked'
}

function isOlder(from: EventRecord | undefined, to: EventRecord | undefined): boolean {
  if (from === undefined) return false
  return to === undefined || to.depth < from.depth || (to.depth === from.depth && to.nid < from.nid)
}
