import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger, systemClock } from '@roomserver/types'
import { createInput, RecordCache } from '../src/index.ts'
import { inputOf } from '../test/homeserver.ts'

// Whether a join, and a message, cost the same however large the room is:
//   node bench/joins.ts [members]
const members = Number(process.argv[2] ?? 10_000)
const SAMPLE = 400

const folder = await mkdtemp(join(tmpdir(), 'roomserver-bench-'))
const storage = await openStorage({ dialect: 'sqlite', file: join(folder, 'rooms.db'), synchronous: 'full' })
const cache = new RecordCache(storage, 64 * 1024 * 1024)
const input = createInput({ store: storage, cache, clock: systemClock, log: silentLogger, serverName: 'a' })
const room = await RoomBuilder.create()
await measure(room.events)

let count = 1
for (const size of [500, 1000, 10_000, 50_000].filter((one) => one <= members)) {
  await measure(await joins(size - SAMPLE - count))
  const join = await measure(await joins(SAMPLE))
  const messages: Pdu[] = []
  for (let i = 0; i < SAMPLE; i++) messages.push(await room.message(`${i}`))
  const message = await measure(messages)
  console.log(`${size} members: a join ${join.toFixed(0)} µs CPU, a message ${message.toFixed(0)} µs CPU`)
}
await input.close()
await storage[Symbol.asyncDispose]()
await rm(folder, { recursive: true })

async function joins(more: number): Promise<readonly Pdu[]> {
  const events: Pdu[] = []
  for (let i = 0; i < more; i++) events.push(await room.join(`@user${count++}:b`))
  return events
}

/** Ingests events one at a time; tells the CPU time of each, in µs. */
async function measure(events: readonly Pdu[]): Promise<number> {
  const before = process.cpuUsage()
  for (const event of events) await input.ingest(inputOf(event))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / Math.max(1, events.length)
}
