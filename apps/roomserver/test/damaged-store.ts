import { copyFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import { createInput, RecordCache } from '@roomserver/core'
import { openStorage, type Storage } from '@roomserver/storage'
import { createDatabase, RoomBuilder } from '@roomserver/testing'
import { type EventRecord, NO_NID, silentLogger, systemClock } from '@roomserver/types'
import { Client } from 'pg'
import { inject } from 'vitest'

/** Events of the room that statements name. */
export interface Named {
  readonly roomId: string
  readonly otherRoomId: string
  readonly topic: string
  readonly name: string
  readonly message: string
  readonly redacted: string
  readonly redaction: string
  readonly oldLevels: string
  readonly invite: string
  readonly rejected: string
  readonly late: string
  readonly missing: string
  readonly last: string
}

/** A database with rooms in it that can be damaged, and made as it was. */
export interface DamagedStore extends AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres'
  readonly named: Named
  /** The columns of each table. */
  readonly schema: Readonly<Record<string, readonly string[]>>
  /** Makes everything as it was, does this to it, and opens what comes of that. */
  open(statements: readonly string[]): Promise<Storage>
  /** Bytes as the database writes them. */
  blob(hex: string): string
}

/** Two rooms in which every table has something to say. */
async function fill(storage: Storage): Promise<Named> {
  const cache = new RecordCache(storage, 16 * 1024 * 1024)
  const input = createInput({
    store: storage,
    cache,
    clock: systemClock,
    log: silentLogger,
    serverName: 'a',
  })
  const take = async (event: RoomBuilder['events'][number], change: Partial<InputRoomEvent> = {}) => {
    const { eventId, json, rules } = event
    const asInput = { kind: InputKind.new, event: { roomVersion: rules.version, eventId, json }, ...change }
    await input.ingest(filled(InputRoomEvent, asInput))
  }
  const room = await RoomBuilder.create()
  const other = await RoomBuilder.create({ roomId: '!other:a' })
  await room.join('@bob:b')
  const invite = await room.member('@alice:a', '@carol:c', 'invite')
  await room.member('@alice:a', '@dave:a', 'invite')
  await room.member('@dave:a', '@dave:a', 'leave')
  const levels = (notifications: number) => ({
    users: { '@alice:a': 100 },
    invite: 0,
    notifications: { room: notifications },
  })
  const oldLevels = await room.state('m.room.power_levels', '', levels(50))
  await room.state('m.room.power_levels', '', levels(60))
  const fork = room.extremities
  const topic = await room.state('m.room.topic', '', { topic: 'one' }, { prev: fork })
  const name = await room.state('m.room.name', '', { name: 'two' }, { prev: fork })
  const redacted = await room.message('oops', { prev: [topic, name] })
  const redaction = await room.redact(redacted)
  await room.redact(oldLevels)
  const message = await room.message('hello')
  for (const event of room.events) await take(event)
  for (const event of other.events) await take(event)
  const rejected = await room.message('let me in', {
    sender: '@eve:e',
    prev: [message],
    auth: room.events.slice(0, 1),
  })
  await take(rejected)
  const missing = await room.message('nobody has this', { prev: [message] })
  const late = await room.message('upon that', { prev: [missing] })
  const state = await stateOf(storage, room.roomId)
  await take(late, { has_state: true, state_event_ids: [...state] })
  const transaction = { session_id: 7, id: 'txn' }
  const last = await room.message('last', { prev: [message, late] })
  await take(last, { transaction_id: transaction })
  await input.close()
  await storage.addAlias('#room:a', room.roomId, '@alice:a')
  await storage.publish(room.roomId, true)
  const payload = JSON.stringify({ kind: 1, event: JSON.parse(message.json) as object })
  await storage.enqueue([{ roomId: room.roomId, payload }], 'nobody')
  await storage.putRepairs([
    {
      eventId: '$waiting',
      roomId: room.roomId,
      payload,
      state: 'failed',
      fetched: 0,
      attempts: 1,
      lastError: 'no answer',
      sinceTs: 1,
      nextTs: 2,
    },
  ])
  await storage.takeLease('work', 'somebody', 60_000)
  return {
    roomId: room.roomId,
    otherRoomId: other.roomId,
    topic: topic.eventId,
    name: name.eventId,
    message: message.eventId,
    redacted: redacted.eventId,
    redaction: redaction.eventId,
    oldLevels: oldLevels.eventId,
    invite: invite.eventId,
    rejected: rejected.eventId,
    late: late.eventId,
    missing: missing.eventId,
    last: last.eventId,
  }
}

async function stateOf(storage: Storage, roomId: string): Promise<readonly string[]> {
  const room = await storage.room(roomId)
  const events = await statesIn(storage).at(room?.current ?? NO_NID)
  return events.map(({ eventId }) => eventId)
}

/**
 * States as a server reads them, each record of them once.
 *
 * @param known - events that have been read
 */
function statesIn(storage: Storage, known: readonly EventRecord[] = []) {
  const snapshotOf = gathered(storage.snapshots)
  const blockOf = gathered(storage.blocks)
  const knownByNid = new Map(known.map((record) => [record.nid, record]))
  const readEvent = gathered(storage.eventsByNid)
  const eventOf = async (nid: EventRecord['nid']) => knownByNid.get(nid) ?? (await readEvent(nid))
  const eventsOf = async (nids: EventRecord['authNids']): Promise<readonly EventRecord[]> =>
    (await Promise.all(nids.map(eventOf))).filter((record) => record !== undefined)
  const at = remembered(async (nid: EventRecord['before']) => {
    const entries = new Map<string, number>()
    const blocks = await Promise.all(((await snapshotOf(nid))?.blocks ?? []).map(blockOf))
    for (const block of blocks) {
      const { entries: list = [] } = block ?? {}
      for (let place = 0; place + 2 < list.length; place += 3)
        entries.set(`${list[place]}/${list[place + 1]}`, list[place + 2] ?? 0)
    }
    return await eventsOf([...entries.values()].filter((one) => one !== 0) as EventRecord['nid'][])
  })
  return { at, eventsOf }
}

/** What a server would say of the rooms, piece by piece; what cannot be said is left out. */
export async function served(
  storage: Storage,
  { roomId, otherRoomId }: Named,
): Promise<ReadonlyMap<string, string>> {
  const said = new Map<string, string>()
  const notes: Promise<void>[] = []
  const note = (what: string, report: () => Promise<unknown>): void => void notes.push(noted(what, report))
  const noted = async (what: string, report: () => Promise<unknown>): Promise<void> => {
    try {
      const text = JSON.stringify(await report())
      if (text !== undefined) said.set(what, text)
    } catch {
      // It cannot be read; what that means is for the test to say.
    }
  }
  const idsOf = (events: readonly EventRecord[]) => events.map(({ eventId }) => eventId).toSorted()
  // Events share much of what is asked about each of them.
  const roomOf = remembered((id: string) => storage.room(id))
  const texts = await allEvents(storage, [roomId, otherRoomId]).catch(() => [])
  const { at: stateAt, eventsOf } = statesIn(storage, texts)
  const redactionsOf = remembered((ids: readonly string[]) => storage.redactionsOf(ids))
  const typeOf = gathered(storage.eventTypesByNid)
  const keyOf = gathered(storage.stateKeysByNid)
  for (const id of [roomId, otherRoomId]) {
    note(`version of ${id}`, async () => (await roomOf(id))?.version)
    note(`current state of ${id}`, async () => idsOf(await stateAt((await roomOf(id))?.current ?? NO_NID)))
    note(`extremities of ${id}`, async () => idsOf(await eventsOf((await roomOf(id))?.extremities ?? [])))
    note(`depth of ${id}`, async () => (await roomOf(id))?.depth)
    note(`members of ${id}`, async () => {
      const room = await roomOf(id)
      const members = room && (await storage.membershipsOfRoom(room.nid))
      return members?.map(({ userId, membership, local }) => `${userId} ${membership} ${local}`).toSorted()
    })
    note(`servers of ${id}`, async () => {
      const room = await roomOf(id)
      return room && (await storage.joinedServers(room.nid)).toSorted()
    })
    note(`invites of ${id}`, async () => {
      const room = await roomOf(id)
      return (
        room &&
        (await storage.pendingInvites(room.nid, '@carol:c')).map(({ event, senderId }) => [event, senderId])
      )
    })
  }
  const eventIds = texts.map(({ eventId }) => eventId)
  for (const record of texts) {
    const {
      eventId,
      before,
      after,
      verdict,
      rule,
      reason,
      depth,
      json,
      typeNid,
      stateKeyNid,
      authNids,
      redactedBy,
    } = record
    note(`text of ${eventId}`, async () => json)
    note(`verdict on ${eventId}`, async () => [verdict, rule, reason, depth])
    note(`type of ${eventId}`, async () => (await typeOf(typeNid))?.text)
    note(`state key of ${eventId}`, async () => (await keyOf(stateKeyNid))?.text ?? null)
    note(`auth events of ${eventId}`, async () => idsOf(await eventsOf(authNids)))
    note(`redaction of ${eventId}`, async () => [
      idsOf(await eventsOf([redactedBy])),
      (await redactionsOf(eventIds)).filter(({ redacts }) => redacts === eventId),
    ])
    note(`state before ${eventId}`, async () => idsOf(await stateAt(before)))
    note(`state after ${eventId}`, async () => idsOf(await stateAt(after)))
  }
  note('alias', async () => await storage.roomOfAlias('#room:a'))
  note('directory', async () => await storage.publishedRooms())
  note('transaction', async () => await storage.transactionEvent(7, 'txn', '@alice:a'))
  await Promise.all(notes)
  return said
}

/** The same, asked once for each argument. */
function remembered<Argument, Answer>(
  ask: (of: Argument) => Promise<Answer>,
): (of: Argument) => Promise<Answer> {
  const answers = new Map<string, Promise<Answer>>()
  return (of) => {
    const key = String(of)
    const answer = answers.get(key) ?? ask(of)
    answers.set(key, answer)
    return answer
  }
}

/** Records that are asked for in the same turn, read together; each alone where one of them cannot be read. */
function gathered<Nid, Read extends { readonly nid: Nid }>(
  read: (nids: readonly Nid[]) => Promise<readonly Read[]>,
): (nid: Nid) => Promise<Read | undefined> {
  let asked: Nid[] = []
  let reading: Promise<readonly Read[] | undefined> | undefined
  const readAll = async () => {
    await turn()
    const nids = asked
    asked = []
    reading = undefined
    return await read(nids).catch(() => undefined)
  }
  return remembered(async (nid) => {
    asked.push(nid)
    const records = (await (reading ??= readAll())) ?? (await read([nid]))
    return records.find((record) => record.nid === nid)
  })
}

async function allEvents(storage: Storage, roomIds: readonly string[]): Promise<readonly EventRecord[]> {
  const events: EventRecord[] = []
  for (const roomId of roomIds) {
    const room = await storage.room(roomId)
    if (room !== undefined) events.push(...(await storage.eventsOfRoom(room.nid, NO_NID, 1_000)))
  }
  return events
}

export async function sqliteStore(): Promise<DamagedStore> {
  const folder = mkdtempSync(join(tmpdir(), 'roomserver-damaged-'))
  const whole = join(folder, 'whole.db')
  const named = await filledAt({ dialect: 'sqlite', file: whole })
  using database = new DatabaseSync(whole)
  database.exec('pragma journal_mode = delete')
  const tables = database
    .prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`)
    .all()
    .map(({ name }) => String(name))
  const columns = (table: string) =>
    database
      .prepare('select name from pragma_table_info(?)')
      .all(table)
      .map(({ name }) => String(name))
  let count = 0
  return {
    dialect: 'sqlite',
    named,
    schema: Object.fromEntries(tables.toSorted().map((table) => [table, columns(table)])),
    open: async (statements) => {
      const file = join(folder, `${count++}.db`)
      copyFileSync(whole, file)
      {
        using damaged = new DatabaseSync(file)
        for (const statement of statements) damaged.exec(statement)
      }
      return await openStorage({ dialect: 'sqlite', file, synchronous: 'normal' })
    },
    blob: (hex) => `x'${hex}'`,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

async function filledAt(options: Parameters<typeof openStorage>[0]): Promise<Named> {
  await using storage = await openStorage(options)
  return await fill(storage)
}

/** Tables that an open store holds something of. */
const READ_AT_START = /\b(counters|schema_versions|store_facts)\b/

export async function postgresStore(): Promise<DamagedStore> {
  const database = await createDatabase(inject('postgresUrl'))
  const options = { dialect: 'postgres', connectionString: database.url, maxConnections: 2 } as const
  const named = await filledAt(options)
  const client = new Client({ connectionString: database.url })
  await client.connect()
  // With it, an index is checked by one statement and not by six; the indexes are not what is damaged.
  await client.query('create extension amcheck').catch(() => undefined)
  const { rows } = await client.query<{ table: string; column: string }>(
    `select table_name as table, column_name as column from information_schema.columns
      where table_schema = 'public' order by table_name collate "C", ordinal_position`,
  )
  const schema: Record<string, string[]> = {}
  for (const { table, column } of rows) (schema[table] ??= []).push(column)
  await client.query('create schema whole')
  for (const table of Object.keys(schema))
    await client.query(`create table whole.${table} as table public.${table}`)
  for (const table of ['outputs', 'inbox'])
    await client.query(`alter table ${table} alter position set generated by default`)
  // The tables are small: emptying them row by row takes less than the new files that `truncate` makes.
  const restore = Object.keys(schema)
    .flatMap((table) => [`delete from ${table}`, `insert into ${table} select * from whole.${table}`])
    .join(';')
  // NIDs that a store has taken out of the counters are its own.
  const keepCounters = `create temporary table taken as select * from counters; ${restore};
    update counters set next = greatest(counters.next, taken.next) from taken
      where taken.kind = counters.kind and taken.kind not in ('output', 'scrubber'); drop table taken`
  // Connecting, and planning every statement anew, would take longer than all else.
  let shared: Storage | undefined
  const close = async () => {
    await shared?.[Symbol.asyncDispose]()
    shared = undefined
  }
  return {
    dialect: 'postgres',
    named,
    schema,
    open: async (statements) => {
      const isReadAtStart = statements.some((statement) => READ_AT_START.test(statement))
      if (isReadAtStart) await close()
      await client.query(shared === undefined ? restore : keepCounters)
      for (const statement of statements) await client.query(statement)
      if (isReadAtStart) return await openStorage(options)
      shared ??= await openStorage(options)
      return { ...shared, [Symbol.asyncDispose]: async () => undefined }
    },
    blob: (hex) => `'\\x${hex}'::bytea`,
    [Symbol.asyncDispose]: async () => {
      await close()
      await client.end()
      await database[Symbol.asyncDispose]()
    },
  }
}
