import type { Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { createDatabase, RoomBuilder, type TestDatabase } from '@roomserver/testing'
import { afterEach, beforeEach, expect, inject, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

let database: TestDatabase
let open: Homeserver[] = []

beforeEach(async () => {
  database = await createDatabase(inject('postgresUrl'))
})

afterEach(async () => {
  for (const hs of open) await hs[Symbol.asyncDispose]()
  open = []
  await database[Symbol.asyncDispose]()
})

/** A process of its own on the database. */
async function start(maxConnections: number): Promise<Homeserver> {
  const storage = await openStorage({ dialect: 'postgres', connectionString: database.url, maxConnections })
  const hs = new Homeserver(storage)
  open.push(hs)
  return hs
}

it('changes the name of a user in 20 rooms at once over one connection', async () => {
  const hs = await start(1)
  const names: Pdu[] = []
  for (let i = 0; i < 20; i++) {
    const room = await RoomBuilder.create({ roomId: `!room${i}:a` })
    await hs.takeAll(room.events)
    const content = { membership: 'join', displayname: 'Alice' }
    names.push(await room.state('m.room.member', '@alice:a', content))
  }
  const outcomes = await Promise.all(names.map((event) => hs.take(event)))
  expect(outcomes.map((outcome) => outcome.kind === 'stored' && outcome.verdict)).toEqual(
    names.map(() => 'accepted'),
  )
})

it('decides on the same rooms in three processes at once as one would', async () => {
  const processes = [await start(4), await start(4), await start(1)]
  const rooms: RoomBuilder[] = []
  for (let i = 0; i < 4; i++) {
    const room = await RoomBuilder.create({ roomId: `!room${i}:a` })
    await processes[i % 3]?.takeAll(room.events)
    rooms.push(room)
    const fork = room.extremities
    for (let j = 0; j < 12; j++) {
      if (j % 4 === 0) await room.state('m.room.topic', '', { topic: `${j}` }, { prev: fork })
      else await room.join(`@user${j}:b`, { prev: fork })
    }
  }
  const branches = rooms.flatMap((room) => room.events.slice(4))
  await Promise.all(branches.map(async (event, i) => processes[i % 3]?.take(event)))
  await using alone = await Homeserver.start()
  for (const room of rooms) {
    await alone.takeAll(room.events)
    const [hs] = processes as [Homeserver]
    expect(await hs.current(room.roomId)).toEqual(await alone.current(room.roomId))
    expect(await hs.extremities(room.roomId)).toEqual(await alone.extremities(room.roomId))
    const outputs = (await hs.storage.outputs(0, 1000)).filter((output) => output.roomId === room.roomId)
    expect(outputs.map((output) => output.seq)).toEqual(outputs.map((_, index) => index + 1))
    const sent = outputs.map((output) => output.eventId)
    const bodies = outputs.map((output) => JSON.parse(output.body) as { last_sent_event_id: string })
    expect(bodies.map((body) => body.last_sent_event_id)).toEqual(['', ...sent.slice(0, -1)])
  }
})

it('lets three processes that fight for a room go in turns, so that none loses again and again', async () => {
  const processes = [await start(2), await start(2), await start(2)]
  const room = await RoomBuilder.create({ roomId: '!contended:a' })
  await processes[0]?.takeAll(room.events)
  const fork = room.extremities
  const branches = [0, 1, 2].map(() => ({ extremities: fork, events: [] as Pdu[] }))
  for (let i = 0; i < 90; i++) {
    const branch = branches[i % 3]
    if (branch === undefined) continue
    branch.extremities = [await room.message(`${i}`, { prev: branch.extremities })]
    branch.events.push(...branch.extremities)
  }
  await Promise.all(branches.map(async ({ events }, i) => processes[i]?.takeAll(events)))
  const conflicts = processes.reduce((sum, { input }) => sum + input.counters.conflicts, 0)
  expect(conflicts).toBeLessThan(30)
  expect(await processes[0]?.extremities(room.roomId)).toHaveLength(3)
})

it('sees what another process changed about an event that it holds in its cache', async () => {
  const [one, other] = [await start(2), await start(2)]
  const room = await RoomBuilder.create()
  const event = await room.message('oops')
  await one.takeAll(room.events)
  await other.take(await room.message('here too'))
  await one.take(await room.redact(event))
  await other.take(await room.message('and on'))
  expect(other.cache.eventById(event.eventId)?.json ?? '').not.toContain('oops')
})
