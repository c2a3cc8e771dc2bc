import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createDatabase } from '@roomserver/testing'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { moveBetween, openStorage, type StorageOptions } from '../src/index.ts'
import { build } from './contract/upkeep.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roomserver-move-'))
})
afterEach(() => rm(folder, { recursive: true }))

const fileAt = (name: string): StorageOptions => ({ dialect: 'sqlite', file: join(folder, name) })

/** A store with a room, a server name and so many transactions. */
async function filled(name: string, transactions = 0): Promise<StorageOptions> {
  const options = fileAt(name)
  {
    await using store = await openStorage(options)
    await build(store)
    await store.claimServerName('a.example')
  }
  run(
    name,
    `insert into transactions (session_id, user_id, transaction_id, event_id, ts)
      with recursive n(n) as (select 1 union all select n + 1 from n where n < ${transactions})
      select n, '@anne:a.example', 't' || n, '$e', 1 from n where ${transactions} > 0`,
  )
  return options
}

/** Changes a file, as who writes to it although it is being moved. */
function run(name: string, statement: string): void {
  using database = new DatabaseSync(join(folder, name))
  database.exec(statement)
}

/** Moves until a table is reported, or to the end of the copy; returns what was reported, as `table rows/total`. */
async function move(
  from: StorageOptions,
  to: StorageOptions,
  {
    until,
    finish = true,
    onProgress = () => undefined,
  }: {
    readonly until?: string
    readonly finish?: boolean
    readonly onProgress?: (said: string) => void
  } = {},
): Promise<readonly string[]> {
  await using moving = await moveBetween(from, to)
  const progress: string[] = []
  for await (const { table, rows, total } of moving.copy()) {
    const line = `${table} ${rows}/${total}`
    progress.push(line)
    onProgress(line)
    if (line === until) return progress
  }
  if (finish) await moving.finish()
  return progress
}

/** What rooms, events and outputs a store has, and that a check finds nothing that it should not. */
async function contents(options: StorageOptions): Promise<unknown> {
  await using store = await openStorage(options)
  const [room] = await store.rooms(0 as never, 10)
  const events = await store.eventsOfRoom(room?.nid ?? (0 as never), 0 as never, 100)
  const epochs = (await store.outputEpochs()).map(({ name }) => name)
  return { room, events, outputs: await store.outputs(0, 100), epochs, server: await store.serverName() }
}

it('copies a store page by page, and only at its end is the new one whole', async () => {
  const from = await filled('from.db', 501)
  const to = fileAt('to.db')
  const progress = await move(from, to, { finish: false })
  expect(progress.filter((line) => /^(?:rooms|events|transactions) /.test(line))).toEqual([
    'rooms 1/1',
    'events 3/3',
    'transactions 500/501',
    'transactions 501/501',
  ])
  {
    await using half = await openStorage(to)
    expect(await half.isMoving()).toBe(true)
  }
  await move(from, to)
  {
    await using whole = await openStorage(to)
    expect(await whole.isMoving()).toBe(false)
  }
  expect(await contents(to)).toEqual(await contents(from))
  expect(await contents(to)).toMatchObject({ server: 'a.example', outputs: [{ seq: 1 }, { seq: 2 }] })
})

it('ends a table with a whole page by looking once more', async () => {
  const progress = await move(await filled('from.db', 500), fileAt('to.db'))
  expect(progress.filter((line) => line.startsWith('transactions '))).toEqual([
    'transactions 500/500',
    'transactions 500/500',
  ])
})

it('goes on where it stopped, in the middle of a table too', async () => {
  const from = await filled('from.db', 1_200)
  const to = fileAt('to.db')
  const first = await move(from, to, { until: 'transactions 500/1200' })
  const second = await move(from, to)
  expect(second.slice(0, 2)).toEqual(['transactions 1000/1200', 'transactions 1200/1200'])
  const third = await move(await filled('other.db'), fileAt('other-to.db'))
  const tables = (lines: readonly string[]) => new Set(lines.map((line) => line.split(' ')[0]))
  expect(new Set([...tables(first), ...tables(second)])).toEqual(tables(third))
  expect(await contents(to)).toEqual(await contents(from))
})

it('numbers outputs on from where the old store would', async () => {
  const from = await filled('from.db')
  run('from.db', "update sqlite_sequence set seq = 70 where name = 'outputs'")
  await move(from, fileAt('to.db'))
  await using store = await openStorage(fileAt('to.db'))
  const room = await build(store)
  expect(
    (await store.outputs(0, 10)).map(({ position, roomId }) => [position, roomId === room.roomId]),
  ).toEqual([
    [1, false],
    [2, false],
    [71, true],
    [72, true],
  ])
})

it('does not go into a store with rooms, or into which another is being moved', async () => {
  const from = await filled('from.db')
  const used = await filled('used.db')
  await expect(move(from, used)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: '--to: it has rooms already; a store is moved into an empty one',
  })
  await move(from, fileAt('to.db'), { until: 'rooms 1/1' })
  await expect(move(used, fileAt('to.db'))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: '--to' },
    message: '--to: a move from another store has begun there; empty it first',
  })
})

it.each([
  [
    'rows',
    "insert into missing_prev_events values ('$late', 7)",
    'missing_prev_events has 1 rows in the source and 0 in the new store',
  ],
  ['rooms', 'update rooms set revision = revision + 1', 'rooms were changed in the source meanwhile'],
])('finds that %s were changed in the source meanwhile, and does not end', async (_what, statement, what) => {
  const from = await filled('from.db', 1)
  const onProgress = (line: string) => {
    if (line === 'transactions 1/1') run('from.db', statement)
  }
  const repair = 'stop whatever writes to the source, empty the new store, and move again'
  await expect(move(from, fileAt('to.db'), { onProgress })).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
    details: { what, repair },
    message: `the copy is not what the source is: ${what}; ${repair}`,
  })
  await using half = await openStorage(fileAt('to.db'))
  expect(await half.isMoving()).toBe(true)
})

it('makes nothing of a source that is not there, and changes none that is older', async () => {
  await expect(moveBetween(fileAt('none.db'), fileAt('to.db'))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  })
  expect(await readdir(folder)).toEqual([])
  const from = await filled('from.db')
  run('from.db', 'delete from schema_versions where version = (select max(version) from schema_versions)')
  await expect(moveBetween(from, fileAt('to.db'))).rejects.toMatchObject({ code: 'DATABASE_TOO_OLD' })
  expect(await readdir(folder)).not.toContain('to.db')
})

it('moves to PostgreSQL and back, and into neither while others use it', async () => {
  const from = await filled('from.db', 1)
  await using database = await createDatabase(inject('postgresUrl'))
  const postgres: StorageOptions = { dialect: 'postgres', connectionString: database.url }
  {
    await using _store = await openStorage({ ...postgres, maxConnections: 1 })
    await expect(moveBetween(from, postgres)).rejects.toMatchObject({
      code: 'DATABASE_IN_USE',
      details: { connections: 1 },
      message: 'processes use the database (1 connections): stop them first',
    })
  }
  // A connection is gone a moment after it was closed.
  await expect.poll(() => move(from, postgres).then(() => 'moved', String)).toBe('moved')
  expect(await contents(postgres)).toEqual(await contents(from))
  {
    await using store = await openStorage(postgres)
    await build(store)
    expect((await store.outputs(0, 10)).map(({ position }) => position)).toEqual([1, 2, 3, 4])
  }
  await expect.poll(() => move(postgres, fileAt('back.db')).then(() => 'moved', String)).toBe('moved')
  expect(await contents(fileAt('back.db'))).toEqual(await contents(postgres))
})
