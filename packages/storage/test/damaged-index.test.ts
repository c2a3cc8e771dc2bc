import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createDatabase } from '@roomserver/testing'
import { NO_NID, type RoomRecord, type SnapshotNid } from '@roomserver/types'
import pg from 'pg'
import { expect, inject, it } from 'vitest'
import { openStorage, type Storage } from '../src/index.ts'
import { newEvent, commitOne, storedRoom, writeSet } from '@roomserver/storage-contract'
import { postgresPlace } from './postgres-database.ts'

/** A database, and a way to store events while an index takes no notice of them. */
interface Damaged {
  readonly store: Storage
  readonly unnoticed: (index: string, write: () => Promise<void>) => Promise<void>
}

/** A room of which the index by room leads to some events only; the last of them refers to a state of its own. */
async function hidden({ store, unnoticed }: Damaged, index: string): Promise<RoomRecord> {
  let room = await storedRoom(store)
  room = await add(store, room)
  await unnoticed(index, async () => {
    room = await add(store, room)
  })
  return room
}

/** Adds an event with a state of its own. */
async function add(store: Storage, room: RoomRecord): Promise<RoomRecord> {
  const nid = await store.allocate('snapshot', 1)
  const snapshot = { nid, roomNid: room.nid, blocks: [], hash: nid.toString(16).padStart(32, '0') }
  const event = await newEvent(store, room, { before: snapshot.nid, after: snapshot.nid, depth: 1 })
  return await commitOne(store, writeSet(room, { events: [event], snapshots: [snapshot] }))
}

async function expectSafe(store: Storage, room: RoomRecord, index: string): Promise<void> {
  const [, second] = await snapshotsOf(store, room)
  const check = await store.checkRoom(room.nid, hashes)
  expect(check.unreferenced).toContain(second)
  // What it finds is of no interest here: the scrubber has to keep the state even if it finds nothing.
  await store.noteUnreferenced({ ...check, findings: [] })
  expect(await store.collectUnreferenced(-60_000)).toEqual({ kind: 'refused', referenced: 1 })
  expect(await snapshotsOf(store, room)).toContain(second)

  const findings = await store.checkIndexes()
  expect(findings.map((finding) => finding.index)).toEqual([index])
  expect(await store.repairIndexes(findings)).toEqual([])
  expect(await store.checkIndexes()).toEqual([])
  expect((await store.checkRoom(room.nid, hashes)).unreferenced).not.toContain(second)
}

async function snapshotsOf(store: Storage, room: RoomRecord): Promise<readonly SnapshotNid[]> {
  const nids = Array.from({ length: 10 }, (_, at) => (65_536 + at) as SnapshotNid)
  const found = await store.snapshots(nids)
  return found.filter(({ roomNid }) => roomNid === room.nid && roomNid !== NO_NID).map(({ nid }) => nid)
}

const hashes = { blockHash: () => '', snapshotHash: () => '' }

it('keeps state on SQLite that an index hides the use of, and finds the index', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-index-')), 'rooms.db')
  await using store = await openStorage({ dialect: 'sqlite', file })
  const index = 'events_room_nid'
  const room = await hidden({ store, unnoticed: (name, write) => withoutIndex(file, name, write) }, index)
  await expectSafe(store, room, index)
})

/** Takes an index out of the schema, and puts it back as it was. */
async function withoutIndex(file: string, index: string, write: () => Promise<void>): Promise<void> {
  using database = new DatabaseSync(file)
  database.enableDefensive(false)
  database.exec('pragma writable_schema = on')
  const row = database.prepare('select * from sqlite_schema where name = ?').get(index)
  const change = (statement: string, ...values: (string | number | null)[]): void => {
    const version = Number(database.prepare('pragma schema_version').get()?.['schema_version'])
    database.prepare(statement).run(...values)
    database.exec(`pragma schema_version = ${version + 1}`)
  }
  change('delete from sqlite_schema where name = ?', index)
  await write()
  change('insert into sqlite_schema values (?, ?, ?, ?, ?)', ...Object.values(row ?? {}).map(String))
}

it('keeps state on PostgreSQL that an index hides the use of, and finds the index', async () => {
  await using place = await postgresPlace()
  await using store = await place.open({ maxConnections: 1 })
  const index = 'events_room_nid_nid'
  const client = new pg.Client({ connectionString: place.url })
  await client.connect()
  const unnoticed = async (name: string, write: () => Promise<void>): Promise<void> => {
    const set = 'update pg_index set indisready = $1 where indexrelid = $2::text::regclass'
    await client.query(set, [false, name])
    await write()
    await client.query(set, [true, name])
  }
  try {
    const room = await hidden({ store, unnoticed }, index)
    await expectSafe(store, room, index)
  } finally {
    await client.end()
  }
})

it("finds damaged indexes by PostgreSQL's own checker, of small tables and of large ones", async () => {
  await using database = await createDatabase(inject('postgresUrl'))
  await using store = await openStorage({
    dialect: 'postgres',
    connectionString: database.url,
    maxConnections: 1,
  })
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    // Where PostgreSQL was installed without it, the rows are counted.
    await client.query('create schema checker')
    const checker = client.query('create extension amcheck schema checker')
    const hasChecker = await checker.then(
      () => true,
      () => false,
    )
    await client.query('create table large (n int primary key) with (fillfactor = 10)')
    const insert = 'insert into large select * from generate_series($1::int, $2::int)'
    const block = "insert into blocked_rooms values ($1, '', '', 0)"
    await client.query(insert, [1, 30_000])
    await client.query(block, ['!a:a'])
    expect(await store.checkIndexes()).toEqual([])
    const set = `update pg_index set indisready = $1 where indexrelid = any('{blocked_rooms_pkey,large_pkey}'::regclass[])`
    const unnoticed = async (statement: string, values: readonly unknown[]) => {
      await client.query(set, [false])
      await client.query(statement, [...values])
      await client.query(set, [true])
    }
    await unnoticed(insert, [30_001, 30_001])
    expect((await store.checkIndexes()).map(({ index }) => index)).toEqual(['large_pkey'])
    await unnoticed(block, ['!b:a'])
    const findings = await store.checkIndexes()
    expect(findings.map(({ index }) => index)).toEqual(['blocked_rooms_pkey', 'large_pkey'])
    for (const { what } of findings)
      expect(what).toMatch(hasChecker ? /lacks matching index tuple/ : /has \d+ rows, its table has \d+/)
    expect(await store.repairIndexes(findings)).toEqual([])
    expect(await store.checkIndexes()).toEqual([])
  } finally {
    await client.end()
  }
})

it("counts rows where a user may not call PostgreSQL's own checker", async () => {
  await using database = await createDatabase(inject('postgresUrl'))
  {
    await using _made = await openStorage({ dialect: 'postgres', connectionString: database.url })
  }
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const url = new URL(database.url)
  url.username = `counts${url.pathname.slice(1)}`
  try {
    await client.query('create extension amcheck').catch(() => undefined)
    await client.query(`create role "${url.username}" login`)
    await client.query(`grant all on all tables in schema public to "${url.username}"`)
    await using store = await openStorage({
      dialect: 'postgres',
      connectionString: url.href,
      migrate: false,
      maxConnections: 1,
    })
    expect(await store.checkIndexes()).toEqual([])
    await client.query(
      `update pg_index set indisready = false where indexrelid = 'blocked_rooms_pkey'::regclass`,
    )
    await client.query("insert into blocked_rooms values ('!b:a', '', '', 0)")
    await client.query(
      `update pg_index set indisready = true where indexrelid = 'blocked_rooms_pkey'::regclass`,
    )
    expect((await store.checkIndexes()).map(({ what }) => what)).toEqual([
      expect.stringMatching(/has 0 rows, its table has 1/),
    ])
  } finally {
    await client.query(`drop owned by "${url.username}"`)
    await client.query(`drop role "${url.username}"`)
    await client.end()
  }
})

it('finds an index of hashes on PostgreSQL that does not lead to all rows', async () => {
  await using place = await postgresPlace()
  await using store = await place.open({ maxConnections: 1 })
  const room = await storedRoom(store)
  const client = new pg.Client({ connectionString: place.url })
  await client.connect()
  try {
    const insert = `insert into missing_prev_events select '$missing' || n, ${room.nid} from generate_series($1::int, $2::int) n`
    await client.query(insert, [1, 20])
    expect(await store.checkIndexes()).toEqual([])
    const set = `update pg_index set indisready = $1 where indexrelid = 'missing_prev_events_prev'::regclass`
    await client.query(set, [false])
    await client.query(insert, [21, 25])
    await client.query(set, [true])
    const findings = await store.checkIndexes()
    expect(findings).toEqual([
      {
        index: 'missing_prev_events_prev',
        what: 'the index missing_prev_events_prev has 20 rows, its table has 25',
      },
    ])
    expect(await store.repairIndexes(findings)).toEqual([])
    expect(await store.checkIndexes()).toEqual([])
  } finally {
    await client.end()
  }
})

it('says of each index that cannot be rebuilt why, and rebuilds the others', async () => {
  await using store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const what = 'damaged'
  const findings = [
    { index: 'no_such_index', what },
    { index: undefined, what },
    { index: 'events_room_nid', what },
    { index: 'no_such_index', what },
  ]
  expect(await store.repairIndexes(findings)).toEqual([
    expect.stringMatching(/^the index no_such_index cannot be rebuilt: unable to identify ./),
  ])
})
