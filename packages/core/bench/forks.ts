import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger, systemClock } from '@roomserver/types'
import { createInput, RecordCache } from '../src/index.ts'
import { inputOf } from '../test/homeserver.ts'

// What an event costs in a room of so many forward extremities, which all name the same prev event, by kind:
//   node bench/forks.ts [extremities] [kind…]
// The kind `late` is what a message costs that builds on an event so many joins back.
const [most = '1000', ...only] = process.argv.slice(2)
const SIZES = [10, 100, 250, 500, 1000, 2000, 5000].filter((size) => size <= Number(most))
/** At most so many events are measured up to each size. */
const SAMPLE = 50
/** Forks of each kind before those that are measured, in a room of their own: the code is compiled by then. */
const WARM_UP = 300

let began = process.cpuUsage()

const KINDS: Readonly<Record<string, (room: RoomBuilder, prev: readonly Pdu[], i: number) => Promise<Pdu>>> =
  {
    messages: (room, prev, i) => room.message(`${i}`, { prev }),
    'the same key': (room, prev, i) => room.state('m.room.topic', '', { topic: `${i}` }, { prev }),
    'different keys': (room, prev, i) => room.state('org.example.setting', `${i}`, { i }, { prev }),
    'joins of different users': (room, prev, i) => room.join(`@user${i}:c`, { prev }),
    'power levels': (room, prev, i) =>
      room.state('m.room.power_levels', '', { users: { '@alice:a': 100, [`@user${i}:c`]: 50 } }, { prev }),
    bans: (room, prev, i) => room.member('@alice:a', `@user${i}:c`, 'ban', { prev }),
    mixed: (room, prev, i) => MIXED[i % MIXED.length]?.(room, prev, i) ?? room.message(`${i}`, { prev }),
  }
const MIXED = Object.entries(KINDS).flatMap(([kind, make]) => (kind === 'mixed' ? [] : [make]))

for (const [kind, make] of Object.entries(KINDS)) {
  if (only.length > 0 && !only.includes(kind)) continue
  await measure(make, WARM_UP)
  const found = await measure(make, Number(most))
  console.log(`${kind}: CPU ms an event at extremities ${found.join(', ')}`)
}

if (only.length === 0 || only.includes('late')) await measureLate()

async function measure(make: (typeof KINDS)[string], count: number): Promise<readonly string[]> {
  await using server = await start()
  const { input } = server
  const room = await RoomBuilder.create()
  for (const event of room.events) await input.ingest(inputOf(event))
  const prev = room.extremities
  const forks: Pdu[] = []
  for (let i = 0; i < count; i++) forks.push(await make(room, prev, i))

  const found: string[] = []
  for (const [i, fork] of forks.entries()) {
    const size = i + 1
    const sampled = SIZES.find((one) => size > one - sampleAt(one) && size <= one)
    if (sampled !== undefined && size === sampled - sampleAt(sampled) + 1) begin()
    const outcome = await input.ingest(inputOf(fork))
    if (outcome.kind !== 'stored' || outcome.verdict !== 'accepted') throw new Error(JSON.stringify(outcome))
    if (size === sampled) found.push(`${size}: ${(end() / sampleAt(size)).toFixed(2)}`)
  }
  return found
}

function sampleAt(size: number): number {
  return Math.min(SAMPLE, size)
}

async function measureLate(): Promise<void> {
  const found: string[] = []
  for (const size of SIZES) {
    await using server = await start()
    const { input } = server
    const room = await RoomBuilder.create()
    const prev = room.extremities
    for (let i = 0; i < size; i++) await room.join(`@user${i}:c`)
    for (const event of room.events) await input.ingest(inputOf(event))
    const late = await room.message('late', { prev })
    begin()
    await input.ingest(inputOf(late))
    found.push(`${size}: ${end().toFixed(1)}`)
  }
  console.log(`late: CPU ms of a message that builds on an event so many joins back ${found.join(', ')}`)
}

/** A server on a SQLite store of its own. */
async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-bench-'))
  const storage = await openStorage({
    dialect: 'sqlite',
    file: join(folder, 'rooms.db'),
    synchronous: 'full',
  })
  const cache = new RecordCache(storage, 64 * 1024 * 1024)
  const input = createInput({
    store: storage,
    cache,
    clock: systemClock,
    log: silentLogger,
    serverName: 'a',
  })
  return {
    input,
    async [Symbol.asyncDispose]() {
      await input.close()
      await storage[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

function begin(): void {
  began = process.cpuUsage()
}

/** CPU time since `begin`, in ms. */
function end(): number {
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}
