import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { InputKind } from '@roomserver/api'
import { buildEvent, eventRef, type Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger, systemClock } from '@roomserver/types'
import { createInput, RecordCache } from '../src/index.ts'
import { eventTask } from '../src/input/event-task.ts'
import { inputOf } from '../test/homeserver.ts'

// Two branches of a large room that disagree about much are resolved while another room goes on:
//   node bench/heavy-resolution.ts [members] [conflicts]
const [members = 50_000, conflicts = 3000] = process.argv.slice(2).map(Number)

const folder = await mkdtemp(join(tmpdir(), 'roomserver-bench-'))
const storage = await openStorage({ dialect: 'sqlite', file: join(folder, 'rooms.db'), synchronous: 'full' })
const cache = new RecordCache(storage, 128 * 1024 * 1024)
const input = createInput({ store: storage, cache, clock: systemClock, log: silentLogger, serverName: 'b' })
const room = await RoomBuilder.create()
const [create, aliceJoins, powerLevels, joinRules] = room.events as [Pdu, Pdu, Pdu, Pdu]

const joins = await Promise.all(Array.from({ length: members }, (_, i) => join_(`@user${i}:c`, i)))
const branches = await Promise.all(
  [0, 1].map((branch) => Promise.all(Array.from({ length: conflicts }, (_, i) => setting(i, branch)))),
)
const common = [create, aliceJoins, powerLevels, joinRules, ...joins]
await give([...common, ...branches.flat()].map((event) => inputOf(event, { kind: InputKind.outlier })))
const [first, second] = branches as [Pdu[], Pdu[]]
const bob = await room.join('@bob:b', { prev: [joinRules] })
await give([inputOf(bob, { has_state: true, state_event_ids: idsOf([...common, ...first]) })])

const other = await RoomBuilder.create({ roomId: '!other:a' })
for (let i = 0; i < 2000; i++) await other.message(`${i}`)
for (const event of other.events.slice(0, 4)) await input.ingest(inputOf(event))
const message = await room.message('from the other branch', { prev: [aliceJoins] })

const stateBefore = { by: 'repair', eventIds: idsOf([...common, ...second]) } as const
// CPU time of each turn of the event loop: on a busy machine the delay is mostly that of others.
const turnsMs: number[] = []
let turnBegan = process.threadCpuUsage()
const turn = () => {
  const { user, system } = process.threadCpuUsage(turnBegan)
  turnsMs.push((user + system) / 1000)
  turnBegan = process.threadCpuUsage()
  if (!isDone) setImmediate(turn)
}

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const start = performance.now()
let isDone = false
turnBegan = process.threadCpuUsage()
turn()
const resolution = input
  .runTask(eventTask({ kind: 'new', pdu: message, stateBefore, sendAsServer: '' }))
  .finally(() => (isDone = true))
const waits: number[] = []
for (const event of other.events.slice(4)) {
  const sent = performance.now()
  await input.ingest(inputOf(event))
  waits.push(performance.now() - sent)
  if (isDone) break
}
const outcome = await resolution
const took = performance.now() - start
delay.disable()
waits.sort((a, b) => a - b)
turnsMs.sort((a, b) => b - a)
const p99 = waits[Math.floor(waits.length * 0.99)] ?? 0
console.log(
  `${members} members, ${conflicts} conflicts: ${outcome.kind === 'stored' && outcome.verdict} after ${took.toFixed(0)} ms; meanwhile ` +
    `${waits.length} messages in another room, p99 ${p99.toFixed(1)} ms; ` +
    `loop delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(0)} ms; ` +
    `turns of more than 20 ms of CPU time: ${turnsMs.filter((ms) => ms > 20).length}, ` +
    `the longest ${turnsMs
      .slice(0, 5)
      .map((ms) => ms.toFixed(0))
      .join(', ')} ms`,
)
await input.close()
await storage[Symbol.asyncDispose]()
await rm(folder, { recursive: true })

function give(inputs: ReturnType<typeof inputOf>[]): Promise<unknown> {
  return input.inputRoomEvents({ input_room_events: inputs, async: false })
}

function idsOf(events: readonly Pdu[]): string[] {
  return events.map((event) => event.eventId)
}

function join_(user: string, number: number): Promise<Pdu> {
  const auth = [create, powerLevels, joinRules]
  return built('m.room.member', user, user, { membership: 'join' }, auth, number)
}

function setting(number: number, branch: number): Promise<Pdu> {
  const auth = [create, powerLevels, aliceJoins]
  return built('org.example.setting', '@alice:a', `${number}`, { branch }, auth, number + branch)
}

async function built(
  type: string,
  sender: string,
  stateKey: string,
  content: Record<string, string | number>,
  auth: readonly Pdu[],
  originServerTs: number,
): Promise<Pdu> {
  const refs = { prevEvents: [eventRef(joinRules)], authEvents: auth.map(eventRef) }
  const own = { roomId: room.roomId, type, sender, stateKey, content, depth: 5, originServerTs }
  const key = { server: sender.slice(sender.indexOf(':') + 1), keyId: 'ed25519:x', seed: 'A'.repeat(43) }
  const event = await buildEvent({ ...own, ...refs }, room.rules, key)
  if (!event.ok) throw new TypeError(event.reason)
  return event.pdu
}
