import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger, systemClock } from '@roomserver/types'
import { createInput, RecordCache } from '../src/index.ts'
import { inputOf } from '../test/homeserver.ts'

// Messages a second through the input, in process, on SQLite with every commit synced:
//   node bench/messages.ts [rooms] [messages per room] [in flight per room]
const [rooms = 50, messages = 200, inFlight = 1] = process.argv.slice(2).map(Number)

const folder = await mkdtemp(join(tmpdir(), 'roomserver-bench-'))
const storage = await openStorage({ dialect: 'sqlite', file: join(folder, 'rooms.db'), synchronous: 'full' })
const cache = new RecordCache(storage, 64 * 1024 * 1024)
const input = createInput({ store: storage, cache, clock: systemClock, log: silentLogger, serverName: 'a' })

const histories: (readonly Pdu[])[] = []
for (let number = 0; number < rooms; number++) {
  const room = await RoomBuilder.create({ roomId: `!room${number}:a` })
  for (let i = 0; i < messages; i++) await room.message(`message ${i}`)
  histories.push(room.events)
}

const STATE_EVENTS = 4
await Promise.all(histories.map((events) => takeAll(events.slice(0, STATE_EVENTS), 1)))
const started = performance.now()
const cpu = process.cpuUsage()
await Promise.all(histories.map((events) => takeAll(events.slice(STATE_EVENTS), inFlight)))
const tookMs = performance.now() - started
const { user, system } = process.cpuUsage(cpu)
const count = rooms * messages
console.log(
  `${rooms} rooms, ${inFlight} in flight each: ${Math.round((count / tookMs) * 1000)} messages/s, ` +
    `${((user + system) / count).toFixed(0)} µs CPU each, ${input.counters.commits} commits`,
)
await input.close()
await storage[Symbol.asyncDispose]()
await rm(folder, { recursive: true })

async function takeAll(events: readonly Pdu[], width: number): Promise<void> {
  for (let at = 0; at < events.length; at += width) {
    await Promise.all(events.slice(at, at + width).map((event) => input.ingest(inputOf(event))))
  }
}
