import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { parseServerName, silentLogger as log, systemClock as clock } from '@roomserver/types'
import { createInput, RecordCache } from '../src/index.ts'
import { inputOf } from '../test/homeserver.ts'

// What a message costs in a room of which nothing is cached, and in one that was just talked in; and what is read for it:
//   node --conditions=@roomserver/source bench/cold-rooms.ts [rooms] [members of each]
const [rooms = 200, members = 12] = process.argv.slice(2).map(Number)
const ROUNDS = 5
const CACHE = 128 * 1024 * 1024

const folder = await mkdtemp(join(tmpdir(), 'roomserver-bench-'))
const storage = await openStorage({ dialect: 'sqlite', file: join(folder, 'rooms.db') })
const reads = new Map<string, number>()
const store = { ...storage }
count(
  'room',
  'eventsById',
  'eventsByNid',
  'snapshots',
  'blocks',
  'stateKeysByText',
  'eventTypesByName',
  'mentions',
)
const serverName = parseServerName('a')

const built = await Promise.all(
  Array.from({ length: rooms }, async (_unused, number) => {
    const room = await RoomBuilder.create({ roomId: `!room${number}:a` })
    for (let member = 0; member < members; member++) await room.join(`@user${member}:a`)
    return room
  }),
)
const filler = startInput()
for (const room of built) for (const event of room.events) await filler.ingest(inputOf(event))
await filler.close()
for (let round = 0; round < ROUNDS; round++) {
  const input = startInput()
  console.log(`cold: ${await messages(input)}`)
  console.log(`warm: ${await messages(input)}`)
  await input.close()
}
await storage[Symbol.asyncDispose]()
await rm(folder, { recursive: true })

function startInput(): ReturnType<typeof createInput> {
  return createInput({ store, cache: new RecordCache(store, CACHE), clock, log, serverName })
}

/** A message in each room. */
async function messages(input: ReturnType<typeof createInput>): Promise<string> {
  const said = []
  for (const room of built) said.push(await room.message('x'.repeat(200)))
  reads.clear()
  const before = process.cpuUsage()
  for (const event of said) await input.ingest(inputOf(event))
  const { user, system } = process.cpuUsage(before)
  const each = [...reads].map(([name, times]) => `${name} ${(times / rooms).toFixed(1)}`)
  return `${((user + system) / 1000 / rooms).toFixed(2)} ms of CPU time; reads: ${each.join(', ') || 'none'}`
}

function count(...names: readonly Extract<keyof typeof store, string>[]): void {
  for (const name of names) {
    const read = store[name] as (...args: readonly unknown[]) => unknown
    const counted = (...args: readonly unknown[]) => {
      reads.set(name, (reads.get(name) ?? 0) + 1)
      return read(...args)
    }
    Object.assign(store, { [name]: counted })
  }
}
