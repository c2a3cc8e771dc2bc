/**
 * The way of outputs through the outbox, as the relay takes it: read a batch, record it as delivered with the next read.
 * Prints outputs a second, and how long a batch takes, on SQLite and on a PostgreSQL that is started for it, as it comes.
 *
 *   node --conditions=@roomserver/source bench/outputs.ts
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '@roomserver/testing'
import type { RoomRecord } from '@roomserver/types'
import { openStorage, type Storage } from '../src/index.ts'
import { newRoom, commitOne, writeSet } from '@roomserver/storage-contract'
import { message } from './message.ts'

const OUTPUTS = Number(process.env['OUTPUTS'] ?? 16_000)
const ROOMS = 64

const folder = await mkdtemp(join(tmpdir(), 'roomserver-bench-'))
await measure('SQLite', await openStorage({ dialect: 'sqlite', file: join(folder, 'rooms.db') }))
await rm(folder, { recursive: true })

await using server = await startPostgres()
await measure('PostgreSQL', await openStorage({ dialect: 'postgres', connectionString: server.url }))

async function measure(name: string, opened: Storage): Promise<void> {
  await using store = opened
  let rooms: RoomRecord[] = []
  for (let i = 0; i < ROOMS; i++) rooms.push(await commitOne(store, writeSet(await newRoom(store))))
  console.log(name)
  for (const batch of [1, 16, 256]) {
    const total = batch === 1 ? OUTPUTS / 16 : OUTPUTS
    rooms = [...(await fill(store, rooms, total))]
    let sequence = (await store.deliveredRange()).last
    let delivered: { readonly position: number; readonly sequence: number }[] = []
    let [count, batches] = [0, 0]
    const start = performance.now()
    for (;;) {
      const rows = await store.nextOutputs(delivered, batch)
      if (rows.length === 0) break
      delivered = rows.map(({ position }) => ({ position, sequence: ++sequence }))
      count += rows.length
      batches++
    }
    const ms = performance.now() - start
    const perSecond = Math.round((1_000 * count) / ms).toLocaleString('en')
    console.log(
      `  batches of ${String(batch).padStart(3)}: ${perSecond} outputs a second, ${(ms / batches).toFixed(2)} ms a batch`,
    )
  }
}

/** Writes outputs, one of each room in a commit. */
async function fill(
  store: Storage,
  rooms: readonly RoomRecord[],
  total: number,
): Promise<readonly RoomRecord[]> {
  let current = rooms
  for (let made = 0; made < total; made += rooms.length) {
    const sets = await Promise.all(current.map((room) => message(store, room)))
    const results = await store.commit(sets)
    current = sets.map((set, index) => {
      const result = results[index]
      if (result?.kind !== 'committed') throw new Error('not committed')
      return { ...set.room, ...set.next, revision: result.revision }
    })
  }
  return current
}
