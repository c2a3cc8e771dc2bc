import type { EventSummary, InspectionApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { finish } from '@roomserver/types'
import { expect, it } from 'vitest'
import { DeepestFirst } from '../src/offline/deepest-first.ts'
import { inProgress } from '../src/offline/events-in-progress.ts'
import { OfflineRecords } from '../src/offline/offline-records.ts'
import { OfflineRoom } from '../src/offline/offline-room.ts'
import { openEvents, readEventFile } from '../src/index.ts'

const ROOM = '!early:a'

/** A room with a branch that nobody went on with, a rejected event and one that is missing. */
async function builtRoom(): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ roomId: ROOM })
  await room.join('@bob:b')
  const start = room.extremities
  await room.message('an end of long ago', { prev: start })
  for (let at = 0; at < 40; at++)
    await room.message(`${at}`, { sender: '@bob:b', prev: at === 0 ? start : room.extremities.slice(-1) })
  await room.message('let me in', { sender: '@eve:e', prev: room.extremities.slice(-1) })
  const spam = await room.message('buy now', { sender: '@bob:b', prev: room.extremities.slice(0, 1) })
  await room.redact(spam)
  return room
}

const page = (from: readonly string[], limit = 10) => ({ room_id: ROOM, from, direction: 'back', limit })

async function restOf(api: InspectionApi, first: readonly string[]): Promise<readonly EventSummary[]> {
  const events: EventSummary[] = []
  for (let from = first; from.length > 0; ) {
    const next = await api.graph(page(from))
    events.push(...next.events)
    from = next.next
  }
  return events
}

it('gives the graph of a file page by page before it is read, and evaluated, to the end', async () => {
  const { events: built, rules } = await builtRoom()
  // The file lacks one of them.
  const pdus = built.filter((_, at) => at !== 20)
  const records = new OfflineRecords()
  const room = new OfflineRoom(records, rules, ROOM)
  const rooms = new Map([[ROOM, room]])
  const read = Promise.withResolvers<readonly Pdu[]>()
  const evaluated = Promise.withResolvers<InspectionApi>()
  const latest = pdus.toSorted((a, b) => b.depth - a.depth).slice(0, 15)
  const { inspection, now } = inProgress({
    latest,
    read: read.promise,
    records,
    rooms,
    evaluated: evaluated.promise,
  })
  const first = await inspection.graph(page([]))
  expect(first.events).toHaveLength(10)
  expect(new Set(first.events.map(({ status }) => status))).toEqual(new Set(['unevaluated']))
  const steps: string[] = []
  const others = restOf(inspection, first.next).then((events) => {
    steps.push('given')
    return events
  })
  await inspection.graph(page([], 5))
  steps.push('read')
  read.resolve(pdus)
  const early = [...first.events, ...(await others)]
  expect(steps).toEqual(['read', 'given'])
  const known = early.filter(({ status }) => status !== 'missing').map(({ event_id: id }) => id)
  expect(new Set(known)).toEqual(new Set(pdus.map(({ eventId }) => eventId)))
  expect(early.filter(({ status }) => status === 'missing').map(({ event_id: id }) => id)).toEqual([
    built[20]?.eventId,
  ])

  // Verdicts come as events are evaluated, and those of the others stay as they are.
  for (const pdu of pdus.slice(0, 10)) finish(room.receive(pdu))
  const statuses = (events: readonly EventSummary[]) =>
    new Map(events.map(({ event_id: id, status }) => [id, status]))
  const half = statuses(early.map(now))
  expect(pdus.slice(0, 10).map(({ eventId }) => half.get(eventId))).toEqual(
    Array.from({ length: 10 }, () => 'accepted'),
  )
  expect(pdus.slice(10).every(({ eventId }) => half.get(eventId) === 'unevaluated')).toBe(true)

  for (const pdu of pdus.slice(10)) finish(room.receive(pdu))
  const { inspection: whole } = await openEvents(readEventFile(pdus.map(({ json }) => json).join('\n')))
  evaluated.resolve(whole)
  await inspection.room({ room_id: ROOM })
  const { events: all } = await whole.events({
    room_id: ROOM,
    search: '',
    type: '',
    sender: '',
    status: '',
    cursor: '',
    limit: 500,
  })
  const done = new Map(early.map(now).map((event) => [event.event_id, event]))
  for (const event of all) expect(done.get(event.event_id)).toEqual(event)
  expect(all.some(({ status }) => status === 'rejected')).toBe(true)
  expect(all.some((event) => event.is_redacted)).toBe(true)
  expect((await inspection.graph(page([]))).events).toEqual((await whole.graph(page([]))).events)
})

it('goes on to the end behind a page that was given before the file was read, also when all is evaluated', async () => {
  const { events: pdus } = await builtRoom()
  const { inspection: whole } = await openEvents(readEventFile(pdus.map(({ json }) => json).join('\n')))
  const { inspection } = inProgress({
    latest: pdus.toSorted((a, b) => b.depth - a.depth).slice(0, 15),
    read: Promise.resolve(pdus),
    records: new OfflineRecords(),
    rooms: new Map(),
    evaluated: Promise.resolve(whole),
  })
  const first = await inspection.graph(page([]))
  expect(first.events[0]?.status).toBe('unevaluated')
  await inspection.room({ room_id: ROOM })
  const all = [...first.events, ...(await restOf(inspection, first.next))]
  expect(new Set(all.map(({ event_id: id }) => id))).toEqual(new Set(pdus.map(({ eventId }) => eventId)))
  expect(all.at(-1)?.status).toBe('accepted')
})

it('waits for the whole file where a page of its latest events would be all that is shown of a room', async () => {
  const { events: pdus } = await builtRoom()
  const read = Promise.withResolvers<readonly Pdu[]>()
  const { inspection } = inProgress({
    latest: pdus.slice(0, 2),
    read: read.promise,
    records: new OfflineRecords(),
    rooms: new Map(),
    evaluated: new Promise(() => undefined),
  })
  const asked = inspection.graph(page([], 1_000))
  read.resolve(pdus)
  expect((await asked).events).toHaveLength(pdus.length)
})

it('answers everything else when all events are evaluated, and fails as opening the file does', async () => {
  const { events } = await builtRoom()
  const text = events.map(({ json }) => json).join('\n')
  const early = Promise.withResolvers<InspectionApi>()
  const opened = openEvents(readEventFile(text), {
    onGraph: ({ events: count, inspection, roomIds }) => {
      expect([count, roomIds]).toEqual([events.length, [ROOM]])
      early.resolve(inspection)
    },
  })
  const topic = { room_id: ROOM, event_id: '', type: 'm.room.join_rules', state_key: '' }
  const answer = await (await early.promise).explain(topic)
  expect(answer).toEqual(await (await opened).inspection.explain(topic))

  const gone = new Error('nobody waits')
  const failed = Promise.withResolvers<InspectionApi>()
  const failing = openEvents(readEventFile(text), {
    onGraph: ({ inspection }) => failed.resolve(inspection),
    progress: () => undefined,
    rest: () => Promise.reject(gone),
  }).catch((error: unknown) => error)
  const question = (await failed.promise).room({ room_id: ROOM }).catch((error: unknown) => error)
  // A small file may be evaluated before others are to have a turn.
  expect((await failing) === gone).toBe((await question) === gone)
})

it('takes events by depth like a sorted list', async () => {
  const { events } = await RoomBuilder.create()
  const [event] = events
  const heap = new DeepestFirst()
  const depths: number[] = []
  let random = 3
  for (let at = 0; at < 500; at++) {
    random = (random * 48_271) % 2_147_483_647
    const depth = random % 50
    if (event !== undefined) heap.add({ ...event, depth })
    depths.push(depth)
    if (at % 3 !== 0) continue
    depths.sort((a, b) => a - b)
    expect(heap.take()?.depth).toBe(depths.pop())
  }
  for (const depth of depths.toSorted((a, b) => b - a)) expect(heap.take()?.depth).toBe(depth)
  expect(heap.take()).toBeUndefined()
})
