// Commits of one message each in many rooms, as the core makes them, on SQLite (a file, fsync at every commit) and on
// PostgreSQL (as it is configured): messages a second by the number that share a commit, and bytes an event.
//
//   node --conditions=@roomserver/source bench/commits.ts sqlite FILE
//   node --conditions=@roomserver/source bench/commits.ts postgres postgresql://…
import { statSync } from 'node:fs'
import type { RoomRecord } from '@roomserver/types'
import { openStorage, type StorageOptions } from '../src/index.ts'
import { message } from './message.ts'
import { newRoom, store1, writeSet } from '../test/contract/sample.ts'

const [dialect, where = ':memory:'] = process.argv.slice(2)
const options: StorageOptions =
  dialect === 'postgres'
    ? { dialect: 'postgres', connectionString: where }
    : { dialect: 'sqlite', file: where }
await using store = await openStorage(options)

const rooms: RoomRecord[] = []
for (let i = 0; i < 64; i++)
  rooms.push(await store1(store, writeSet(await newRoom(store, `!bench${i}${Date.now()}:x`))))

const ROUNDS = Number(process.env['ROUNDS'] ?? 4_000)
let made = 0
for (const size of [1, 4, 16, 64]) {
  const total = size === 1 ? ROUNDS / 4 : ROUNDS
  const start = performance.now()
  const cpu = process.cpuUsage()
  for (let done = 0; done < total; done += size) {
    const sets = await Promise.all(rooms.slice(0, size).map((room) => message(store, room)))
    const results = await store.commit(sets)
    results.forEach((result, at) => {
      const set = sets[at]
      if (result.kind !== 'committed' || set === undefined) throw new Error(JSON.stringify(result))
      rooms[at] = { ...set.room, ...set.next, revision: result.revision }
    })
    made += size
  }
  const ms = performance.now() - start
  const used = process.cpuUsage(cpu)
  console.log(
    `${size} a commit: ${Math.round((total / ms) * 1_000)} messages/s, ${((used.user + used.system) / total).toFixed(0)} us CPU each`,
  )
}
if (dialect !== 'postgres' && where !== ':memory:')
  console.log(
    `${made} events: ${Math.round(statSync(where).size / made)} bytes each (before the last checkpoint)`,
  )
