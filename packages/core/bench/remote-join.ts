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
import { inputOf } from '../test/homeserver.ts'

// A join into a room of many members: their events as outliers, then the join with all of the state before it:
//   node bench/remote-join.ts [members]
const members = Number(process.argv[2] ?? 10_000)

const folder = await mkdtemp(join(tmpdir(), 'roomserver-bench-'))
const storage = await openStorage({ dialect: 'sqlite', file: join(folder, 'rooms.db'), synchronous: 'full' })
const cache = new RecordCache(storage, 64 * 1024 * 1024)
const input = createInput({ store: storage, cache, clock: systemClock, log: silentLogger, serverName: 'b' })
const room = await RoomBuilder.create()
const state = [...room.events, ...(await joins(members))]
const last = await room.join('@bob:b', { prev: room.extremities })

const delay = monitorEventLoopDelay({ resolution: 5 })
const outliers = await timed(() =>
  input.inputRoomEvents({
    input_room_events: state.map((event) => inputOf(event, { kind: InputKind.outlier })),
    async: false,
  }),
)
const rewrite = await timed(() =>
  input.ingest(inputOf(last, { has_state: true, state_event_ids: state.map((event) => event.eventId) })),
)
console.log(`${members} members: outliers ${outliers}; the join ${rewrite}`)
await input.close()
await storage[Symbol.asyncDispose]()
await rm(folder, { recursive: true })

async function timed(work: () => Promise<unknown>): Promise<string> {
  delay.reset()
  delay.enable()
  const start = performance.now()
  await work()
  const took = performance.now() - start
  delay.disable()
  return `${took.toFixed(0)} ms, the loop held up to ${(delay.max / 1e6).toFixed(0)} ms`
}

/** Members' joins, each referencing what every join references. (The builder keeps a state for every event, which is too much.) */
async function joins(count: number): Promise<readonly Pdu[]> {
  const [create, , powerLevels, joinRules] = room.events as [Pdu, Pdu, Pdu, Pdu]
  const events: Pdu[] = []
  for (let i = 0; i < count; i++) {
    const user = `@user${i}:c`
    const built = await buildEvent(
      {
        roomId: room.roomId,
        type: 'm.room.member',
        sender: user,
        stateKey: user,
        content: { membership: 'join' },
        prevEvents: [eventRef(joinRules)],
        authEvents: [create, powerLevels, joinRules].map(eventRef),
        depth: 5,
        originServerTs: i,
      },
      room.rules,
      { server: 'c', keyId: 'ed25519:x', seed: 'A'.repeat(43) },
    )
    if (built.ok) events.push(built.pdu)
  }
  return events
}
