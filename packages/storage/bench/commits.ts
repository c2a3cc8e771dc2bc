/**
 * Commits of one message each in many rooms, as the core makes them: on SQLite with an fsync at every commit, and on a
 * PostgreSQL that is started for it, as it comes. Prints messages a second by how many share a commit, and bytes an
 * event.
 *
 *   pnpm run bench
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { startPostgres } from '@roomserver/testing'
import type { RoomRecord, WriteSet } from '@roomserver/types'
import pg from 'pg'
import { openStorage, type Storage } from '../src/index.ts'
import { commitOne, newRoom, writeSet } from '@roomserver/storage-contract'
import { message } from './message.ts'

const MESSAGES = Number(process.env['MESSAGES'] ?? 4_000)
const ROOMS = 64

await onSqlite()
await onPostgres()

async function onSqlite(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-bench-'))
  const file = join(folder, 'rooms.db')
  const made = await measure('SQLite', await openStorage({ dialect: 'sqlite', file }))
  const database = new DatabaseSync(file)
  const [row] = database
    .prepare('select page_count * page_size as size from pragma_page_count, pragma_page_size')
    .all()
  console.log(`  ${Math.round(Number(row?.['size']) / made)} bytes an event, indexes and outputs included`)
  database.close()
  await rm(folder, { recursive: true })
}

async function onPostgres(): Promise<void> {
  await using server = await startPostgres()
  const size = async (): Promise<number> => {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    const answer = await client.query('select pg_database_size(current_database())::float8 as size')
    await client.end()
    return answer.rows[0].size
  }
  const empty = await size()
  const store = await openStorage({ dialect: 'postgres', connectionString: server.url })
  const made = await measure('PostgreSQL', store)
  console.log(`  ${Math.round(((await size()) - empty) / made)} bytes an event, indexes and outputs included`)
}

async function measure(name: string, opened: Storage): Promise<number> {
  await using store = opened
  const rooms: RoomRecord[] = []
  for (let i = 0; i < ROOMS; i++) rooms.push(await commitOne(store, writeSet(await newRoom(store))))
  console.log(name)
  let made = 0
  for (const size of [1, 4, 16, 64]) {
    const total = size === 1 ? MESSAGES / 4 : MESSAGES
    const [start, used] = [performance.now(), process.cpuUsage()]
    for (let done = 0; done < total; done += size) await commitSome(store, rooms, size)
    const seconds = (performance.now() - start) / 1_000
    const cpu = process.cpuUsage(used)
    const each = Math.round((cpu.user + cpu.system) / total)
    console.log(
      `  ${size} a commit: ${Math.round(total / seconds)} messages a second, ${each} us of our CPU each`,
    )
    made += total
  }
  return made
}

async function commitSome(store: Storage, rooms: RoomRecord[], size: number): Promise<void> {
  const sets = await Promise.all(rooms.slice(0, size).map((room) => message(store, room)))
  const results = await store.commit(sets)
  for (const [at, set] of sets.entries()) rooms[at] = after(set, results[at])
}

function after({ room, next }: WriteSet, result: Awaited<ReturnType<Storage['commit']>>[number] | undefined) {
  if (result?.kind !== 'committed') throw new Error(JSON.stringify(result))
  return { ...room, ...next, revision: result.revision }
}
