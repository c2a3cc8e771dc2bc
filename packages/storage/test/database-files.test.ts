import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type EventNid, type Logger, silentLogger, type SnapshotNid } from '@roomserver/types'
import { Kysely, SqliteDialect } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sqlite } from '../src/dialect/sqlite/dialect.ts'
import { openStorage, type Storage } from '../src/index.ts'
import { StoreHealth } from '../src/health.ts'
import { migrate } from '../src/migrate.ts'
import { migrations } from '../src/migrations/index.ts'
import type { Schema } from '../src/schema.ts'
import { openSqliteFile } from '../src/dialect/sqlite/adapter.ts'
import { createStorage } from '../src/storage.ts'
import { newEvent, newRoom, newOutput, commitOne, storedRoom, writeSet } from '@roomserver/storage-contract'
import { schemaDocument } from './schema-document.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roomserver-storage-'))
})
afterEach(() => rm(folder, { recursive: true }))

const open = (logger: Logger = silentLogger): Promise<Storage> =>
  openStorage({ dialect: 'sqlite', file: join(folder, 'rooms.db') }, { logger })

/** What a program of the future would have left behind. */
function pretendMigration(version: number, breaking: boolean): void {
  const database = new DatabaseSync(join(folder, 'rooms.db'))
  const insert = database.prepare('insert into schema_versions values (?, ?, ?, ?)')
  insert.run(version, 'from the future', breaking ? 1 : 0, 0)
  database.close()
}

describe('docs/schema.md', () => {
  it('is what the migrations make', async () => {
    await expect(schemaDocument()).toMatchFileSnapshot('../../../docs/schema.md')
  })
})

describe('a database file', () => {
  it('is found again as it was left, and goes on with other NIDs', async () => {
    let first: Awaited<ReturnType<typeof newRoom>>
    {
      await using store = await open()
      first = await commitOne(store, writeSet(await newRoom(store)))
    }
    await using store = await open()
    expect(await store.room(first.roomId)).toEqual(first)
    expect(await store.allocate('room', 1)).toBeGreaterThan(first.nid)
  })

  it('is refused when a newer program changed it so that this one cannot use it', async () => {
    await (await open())[Symbol.asyncDispose]()
    pretendMigration(99, true)
    await expect(open()).rejects.toMatchObject({ code: 'DATABASE_TOO_NEW', details: { found: 99 } })
  })

  it.each([
    'alter table schema_versions drop column breaking',
    'drop table rooms',
    'delete from schema_versions',
  ])('cannot be used where its schema is not as it was made: %s', async (damage) => {
    await (await open())[Symbol.asyncDispose]()
    const database = new DatabaseSync(join(folder, 'rooms.db'))
    database.exec(damage)
    database.close()
    const used = open().then(async (store) => {
      await using opened = store
      await opened.room('!room:a')
    })
    await expect(used).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('of an older schema, or without one, is left as it is where nothing is to be changed', async () => {
    const file = join(folder, 'rooms.db')
    const look = { dialect: 'sqlite', file, migrate: false } as const
    new DatabaseSync(file).close()
    await expect(openStorage(look)).rejects.toThrow('the database holds no rooms yet: nothing was changed')
    await (await open())[Symbol.asyncDispose]()
    await (await openStorage(look))[Symbol.asyncDispose]()
    const database = new DatabaseSync(file)
    const newest = database.prepare('select max(version) as version from schema_versions').get()?.['version']
    database.exec(`delete from schema_versions where version = ${String(newest)}`)
    await expect(openStorage(look)).rejects.toMatchObject({
      code: 'DATABASE_TOO_OLD',
      details: { found: Number(newest) - 1, known: newest },
    })
    expect(database.prepare('select max(version) as version from schema_versions').get()).toEqual({
      version: Number(newest) - 1,
    })
    database.close()
  })

  it('is used with a warning when a newer program changed it harmlessly', async () => {
    await (await open())[Symbol.asyncDispose]()
    pretendMigration(99, false)
    const warnings: string[] = []
    await using store = await open({ ...silentLogger, warn: (_fields, message) => warnings.push(message) })
    expect(await store.publishedRooms()).toEqual([])
    expect(warnings).toHaveLength(1)
  })

  it('of a program that did not note the bytes of its outputs gets them noted', async () => {
    const retention = { maxCount: 100, maxAgeMs: 1e6, maxBytes: 1e6 }
    {
      await using store = await open()
      let room = await storedRoom(store)
      for (const ts of [1e9, 2e9]) {
        const seq = room.outputSeq + 1
        const outputs = [{ ...newOutput(room, seq, 0 as EventNid), body: 'x'.repeat(500) }]
        room = await commitOne(store, writeSet(room, { next: { ...room, outputSeq: seq }, outputs }))
        await store.trimOutputs({ ...retention, maxAgeMs: 1e12 }, ts * 10, 10)
      }
    }
    const database = new DatabaseSync(join(folder, 'rooms.db'))
    database.exec('alter table output_marks drop column bytes; delete from schema_versions where version = 7')
    database.close()
    await using store = await open()
    expect(await store.trimOutputs(retention, 0, 10)).toEqual({ dropped: 0, bytes: 1_000 })
  })

  it('of a program that did not note remote states gets them noted', async () => {
    let due: EventNid
    let waiting: EventNid
    let room: Awaited<ReturnType<typeof storedRoom>>
    {
      await using store = await open()
      room = await storedRoom(store)
      const inGraph = { before: 7 as SnapshotNid, after: 7 as SnapshotNid }
      const past = await newEvent(store, room, inGraph)
      const outside = await newEvent(store, room)
      const given = [await newEvent(store, room, inGraph), await newEvent(store, room, inGraph)]
      const [one, other] = given
      due = one!.nid
      waiting = other!.nid
      const missingPrevEvents = [
        { prev: past.eventId, by: due },
        { prev: past.eventId, by: waiting },
        { prev: outside.eventId, by: waiting },
      ]
      await commitOne(store, writeSet(room, { events: [past, outside, ...given], missingPrevEvents }))
    }
    const database = new DatabaseSync(join(folder, 'rooms.db'))
    database.exec(`drop table remote_states;
      drop index missing_prev_events_prev;
      alter table missing_prev_events rename to dangling_prev;
      create index dangling_prev_prev on dangling_prev (prev);
      alter table journal rename column conflicted to weighed;
      delete from schema_versions where version in (8, 14)`)
    database.close()
    await using store = await open()
    const record = { roomNid: room.nid, isVerified: false }
    expect(await store.remoteStates(room.nid)).toEqual([
      { ...record, event: due, waitsFor: 0 },
      { ...record, event: waiting, waitsFor: waiting },
    ])
  })

  it('that is not a database is named as damaged', async () => {
    await writeFile(join(folder, 'rooms.db'), 'no database at all, but long enough to look at'.repeat(100))
    await expect(open()).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
  })

  it('is not made where one is expected', async () => {
    const expected = { dialect: 'sqlite', file: join(folder, 'none.db'), mustExist: true } as const
    await expect(openStorage(expected)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await readdir(folder)).toEqual([])
  })

  it('that cannot be opened is named as the reason', async () => {
    const nowhere = { dialect: 'sqlite', file: join(folder, 'no', 'such', 'folder.db') } as const
    await expect(openStorage(nowhere)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})

describe('a disk that is full', () => {
  it('fails what is written, clearly and whole, and takes work again when there is space', async () => {
    const adapter = openSqliteFile(join(folder, 'rooms.db'), 'full')
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: adapter }) })
    await migrate(db, sqlite, migrations, silentLogger)
    await using store = createStorage(db, sqlite, {
      backup: () => Promise.reject(new Error('no backup here')),
      health: new StoreHealth('test', silentLogger),
    })
    const [good, bad] = [await storedRoom(store), await storedRoom(store)]
    const pages = Number(adapter.database.prepare('pragma page_count').get()?.['page_count'])
    adapter.database.exec(`pragma max_page_count = ${pages + 2}`)
    const large = await newEvent(store, bad, { json: 'x'.repeat(1_000_000) })
    const results = await store.commit([writeSet(good), writeSet(bad, { events: [large] })])
    expect(results).toMatchObject([
      { kind: 'committed' },
      { kind: 'failed', error: { code: 'STORE_UNAVAILABLE' } },
    ])
    expect(await store.room(bad.roomId)).toEqual(bad)
    adapter.database.exec('pragma max_page_count = 100000')
    expect(await store.commit([writeSet(bad, { events: [large] })])).toMatchObject([{ kind: 'committed' }])
  })
})

describe('a backup', () => {
  it('holds the store as of one moment, while commits go on', async () => {
    await using store = await open()
    let room = await commitOne(store, writeSet(await newRoom(store)))
    const file = join(folder, 'copy.db')
    let isDone = false
    const copying = store.backup(file).finally(() => (isDone = true))
    while (!isDone) {
      const event = await newEvent(store, room)
      const seq = room.outputSeq + 1
      const next = { ...room, outputSeq: seq, lastSent: event.nid }
      room = await commitOne(
        store,
        writeSet(room, { next, events: [event], outputs: [newOutput(room, seq, event.nid)] }),
      )
      await new Promise((resolve) => setImmediate(resolve))
    }
    await copying
    await using copy = await openStorage({ dialect: 'sqlite', file })
    const found = await copy.room(room.roomId)
    const outputs = await copy.outputs(0, 10_000)
    expect(outputs).toHaveLength(found?.outputSeq ?? -1)
    expect(outputs.every(({ eventJson }) => eventJson !== undefined)).toBe(true)
    await expect(store.backup(file)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })

  it('is for its owner only, takes the place of an interrupted one, and leaves nothing else behind', async () => {
    const file = join(folder, 'copy.db')
    {
      await using store = await open()
      await storedRoom(store)
      await writeFile(`${file}.partial`, 'the beginning of a copy')
      await store.backup(file)
      expect((await stat(file)).mode & 0o777).toBe(0o600)
    }
    // The log of changes goes with the last connection, so the backup has kept none.
    expect((await readdir(folder)).toSorted()).toEqual(['copy.db', 'rooms.db'])
  })

  it.each<readonly [string, (path: string) => Promise<unknown>, string, string]>([
    [
      'a file that is there',
      (path) => writeFile(path, 'mine'),
      'a file that does not exist',
      'already exists; a backup does not overwrite files',
    ],
    [
      'a folder that is not there',
      async () => undefined,
      'a folder that exists',
      'is not a folder; make it first',
    ],
    [
      'a file as a folder',
      (path) => writeFile(dirname(path), 'mine'),
      'a folder that exists',
      'is not a folder; make it first',
    ],
  ])('does not go to %s, and says so', async (what, prepare, expected, why) => {
    const path = what === 'a file that is there' ? join(folder, 'copy.db') : join(folder, 'none', 'copy.db')
    await prepare(path)
    await using store = await open()
    await expect(store.backup(path)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      details: { path: 'backup', expected },
      message: `${what === 'a file that is there' ? path : dirname(path)} ${why}`,
    })
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([])
  })

  it('does not go where no file can be made, and says so', async () => {
    await using store = await open()
    await expect(store.backup('/proc/copy.db')).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: '/proc/copy.db cannot be made there',
    })
  })

  it('is not made of a store in memory', async () => {
    await using store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
    await expect(store.backup(join(folder, 'copy.db'))).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      details: { path: 'backup', expected: 'a store in a file' },
      message: 'a store in memory cannot be backed up',
    })
  })
})

describe('PostgreSQL', () => {
  it('that does not answer is named as the reason', async () => {
    const nobody = { dialect: 'postgres', connectionString: 'postgresql://127.0.0.1:1/none' } as const
    await expect(openStorage(nobody)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})
