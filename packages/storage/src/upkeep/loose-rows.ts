import { isJsonObject } from '@roomserver/types'
import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { objectIn, textIn } from './event-text.ts'
import { lostStrings } from './rebuild-strings.ts'

/** Something wrong about rows that no check of a room meets with. */
export interface LooseRows {
  readonly what: string
  readonly means: string
  readonly repair: string
  /** What puts them right, one after another; empty: nothing does. */
  readonly rebuild: readonly RawBuilder<unknown>[]
}

/** A table with rows about events: the column of the event, and what else of a row there is once in a room. */
interface OfEvents {
  readonly table: string
  readonly event: string
  /** Whether a row says nothing any more without its event. */
  readonly needsEvent: boolean
  readonly unique?: readonly string[]
}

const OF_EVENTS: readonly OfEvents[] = [
  { table: 'invites', event: 'event_nid', needsEvent: true },
  { table: 'redactions', event: 'redaction_nid', needsEvent: true },
  { table: 'remote_states', event: 'event_nid', needsEvent: true },
  { table: 'memberships', event: 'event_nid', needsEvent: false, unique: ['user_nid'] },
  { table: 'journal', event: 'to_nid', needsEvent: false, unique: ['revision', 'place'] },
  { table: 'outputs', event: 'event_nid', needsEvent: false, unique: ['seq'] },
]

/** Looks for rows of rooms or events that are not stored, by reading whole tables, and for such as contradict themselves. */
export async function looseRows(db: Db, tables: Tables): Promise<readonly LooseRows[]> {
  const found: LooseRows[] = []
  for (const what of await lostStrings(db, tables))
    found.push({
      what,
      means: 'lookups miss events with that type or state key',
      repair: '`roomserver check --repair` restores it; stop every server first',
      rebuild: [],
    })
  for (const table of OF_EVENTS) found.push(...(await ofEvents(db, table)))
  found.push(...(await looseSnapshots(db)))
  found.push(...(await loosePrev(db, tables)))
  found.push(...(await looseNames(db)))
  found.push(...(await looseTransactions(db, tables)))
  found.push(...(await looseInput(db)))
  return found
}

/** The NIDs that rooms had which are being purged: what refers to those is being deleted. */
const PURGED = sql`select room_nid from purges`

const ANEW =
  '`roomserver check --repair` moves them to the room of their event, or deletes them; stop every server first'

/** The code of the step. */
const DELETING = 1

interface Counted {
  readonly n: number
  readonly example: string | null
}

async function ofEvents(
  db: Db,
  { table, event, needsEvent, unique }: OfEvents,
): Promise<readonly LooseRows[]> {
  const [rows, column] = [sql.table(table), sql.ref(`t.${event}`)]
  const isLoose = needsEvent
    ? sql`e.nid is null or e.room_nid <> t.room_nid`
    : sql`not exists (select 1 from rooms r where r.nid = t.room_nid)`
  // The latest output stays when its room is purged.
  const isKept = table === 'outputs' ? sql`t.position = (select max(position) from outputs)` : sql`false`
  const { rows: counted } = await sql<Counted>`select count(*) as n, min(e.event_id) as example
    from ${rows} t left join events e on e.nid = ${column}
    where (${isLoose}) and not (${isKept}) and t.room_nid not in (${PURGED})`.execute(db)
  const [count] = counted
  if (count === undefined || count.n === 0) return []
  const own = sql.ref(`${table}.${event}`)
  const same = (unique ?? []).map((name) => sql`${sql.ref(`o.${name}`)} = ${sql.ref(`${table}.${name}`)}`)
  const isFree =
    unique === undefined
      ? sql`true`
      : sql`not exists (select 1 from ${rows} o where o.room_nid = e.room_nid and ${sql.join(same, sql` and `)})`
  const move = sql`update ${rows} set room_nid = e.room_nid from events e where e.nid = ${own}
    and e.room_nid <> ${sql.ref(`${table}.room_nid`)} and ${isFree}
    and exists (select 1 from rooms r where r.nid = e.room_nid)
    and (${sql.lit(needsEvent)} or not exists (select 1 from rooms r where r.nid = ${sql.ref(`${table}.room_nid`)}))`
  const drop = sql`delete from ${rows} where not exists (select 1 from events e where e.nid = ${own})`
  const dropTaken = sql`delete from memberships where exists (select 1 from events e join rooms r on r.nid = e.room_nid
    where e.nid = memberships.event_nid) and not exists (select 1 from rooms r where r.nid = memberships.room_nid)`
  return [
    {
      what: `${count.n} rows of the table of ${table} refer to events or rooms that are not stored${count.example === null ? '' : `, or are in another room than their event, such as ${count.example}`}`,
      means: 'lookups miss them, or find them in the wrong room',
      repair: ANEW,
      rebuild: [move, ...(needsEvent ? [drop] : []), ...(table === 'memberships' ? [dropTaken] : [])],
    },
  ]
}

async function looseSnapshots(db: Db): Promise<readonly LooseRows[]> {
  const isLoose = sql`not exists (select 1 from rooms r where r.nid = snapshots.room_nid)
    and snapshots.room_nid not in (${PURGED})`
  const { rows } = await sql<Counted>`select count(*) as n from snapshots where ${isLoose}`.execute(db)
  if (rows[0] === undefined || rows[0].n === 0) return []
  const of = sql`select min(e.room_nid) from events e where e.before_nid = snapshots.nid or e.after_nid = snapshots.nid`
  const isFree = sql`not exists (select 1 from snapshots o where o.hash = snapshots.hash and o.room_nid = (${of}))`
  return [
    {
      what: `${rows[0].n} states belong to a room that is not stored`,
      means: 'the events that refer to them cannot find them',
      repair: ANEW,
      rebuild: [
        sql`update snapshots set room_nid = (${of}) where ${isLoose} and ${isFree} and (${of}) is not null`,
        sql`delete from snapshots where ${isLoose} and (not (${isFree}) or (${of}) is null)`,
      ],
    },
  ]
}

async function loosePrev(db: Db, { dialect }: Tables): Promise<readonly LooseRows[]> {
  const place = sql.raw(dialect.firstIndex)
  // What JSON writes otherwise than it is cannot be looked for like that.
  const isLoose = sql`not exists (select 1 from events e where e.nid = missing_prev_events.by_nid
    and (${place}(e.json, missing_prev_events.prev) > 0 or ${place}(missing_prev_events.prev, '"') > 0
      or ${place}(missing_prev_events.prev, ${'\\'}) > 0))`
  const { rows } =
    await sql<Counted>`select count(*) as n, min(prev) as example from missing_prev_events where ${isLoose}`.execute(
      db,
    )
  if (rows[0] === undefined || rows[0].n === 0) return []
  return [
    {
      what: `${rows[0].n} missing prev events are stored for events that do not refer to them, such as ${rows[0].example}`,
      means: 'the event may not become a forward extremity when it comes',
      repair: ANEW,
      rebuild: [sql`delete from missing_prev_events where ${isLoose}`],
    },
  ]
}

async function looseNames(db: Db): Promise<readonly LooseRows[]> {
  const { rows: aliases } = await sql<{
    alias: string
    room_id: string
    creator: string
  }>`select alias, room_id, creator
    from aliases where alias not like '#%:%' or creator not like '@%:%'
      or not exists (select 1 from rooms where rooms.room_id = aliases.room_id)`.execute(db)
  const { rows: published } = await sql<{ room_id: string }>`select room_id from published_rooms
    where not exists (select 1 from rooms where rooms.room_id = published_rooms.room_id)`.execute(db)
  return [
    ...aliases.map(({ alias, room_id, creator }) => ({
      what: `the alias ${alias} by ${creator} of ${room_id} is not valid, or its room is not stored`,
      means: 'the alias does not lead to a room',
      repair: 'remove the alias and set it again',
      rebuild: [],
    })),
    ...published.map(({ room_id }) => ({
      what: `${room_id} is in the room directory, but not stored`,
      means: 'the directory lists a room that nobody can join here',
      repair: 'remove it from the directory',
      rebuild: [],
    })),
  ]
}

async function looseTransactions(db: Db, { dialect }: Tables): Promise<readonly LooseRows[]> {
  const { rows } = await sql<{ user_id: string; event_id: string; json: string | null }>`
    select t.user_id, t.event_id, e.json from transactions t left join events e on e.event_id = t.event_id
    where (e.nid is null and not exists (select 1 from purges where step = ${DELETING})
        and not exists (select 1 from purged_events p where p.event_id = t.event_id))
      or ${sql.raw(dialect.firstIndex)}(e.json, t.user_id) = 0`.execute(db)
  return rows.flatMap(({ user_id, event_id, json }) => {
    const sender = textIn((json !== null && objectIn(json)) || {}, 'sender')
    if (sender === user_id) return []
    const row = sql`user_id = ${user_id} and event_id = ${event_id}`
    return {
      what: `a transaction of ${user_id} made ${event_id}, which is ${sender === undefined ? 'not stored' : `by ${sender}`}`,
      means: 'a client that repeats the request within a day gets the wrong event',
      repair: '`roomserver check --repair` deletes it, or assigns it to the sender of the event',
      rebuild: [
        sender === undefined
          ? sql`delete from transactions where ${row}`
          : sql`update transactions set user_id = ${sender} where ${row}`,
      ],
    }
  })
}

/** Input and repairs that wait: what cannot be read is never gone on with. */
async function looseInput(db: Db): Promise<readonly LooseRows[]> {
  const { rows: inbox } = await sql<{
    room_id: string
    payload: string
  }>`select room_id, payload from inbox`.execute(db)
  const { rows: repairs } = await sql<{ event_id: string; room_id: string; state: number; payload: string }>`
    select event_id, room_id, state, payload from repairs`.execute(db)
  const isOf = (payload: string, roomId: string): boolean => {
    const event = objectIn(payload)?.['event']
    return isJsonObject(event) && (textIn(event, 'room_id') ?? roomId) === roomId
  }
  return [
    ...inbox
      .filter(({ room_id, payload }) => !isOf(payload, room_id))
      .map(({ room_id }) => ({
        what: `input for ${room_id} that is queued cannot be parsed, or belongs to another room`,
        means: 'the event is not processed',
        repair: 'let its sender send it again; the server skips the entry',
        rebuild: [],
      })),
    ...repairs
      .filter(({ room_id, payload, state }) => !isOf(payload, room_id) || state < 0 || state > 3)
      .map(({ event_id, room_id }) => ({
        what: `the stored input of ${event_id} in ${room_id}, which waits for missing events, cannot be parsed`,
        means: 'the event is not retried',
        repair: '`roomserver check --repair` deletes it; the event is fetched again when a successor arrives',
        rebuild: [sql`delete from repairs where event_id = ${event_id}`],
      })),
  ]
}

/** Puts rows right that a check found. */
export async function removeLooseRows(db: Db, findings: readonly LooseRows[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const statement of findings.flatMap(({ rebuild }) => rebuild)) await statement.execute(tx)
  })
}
