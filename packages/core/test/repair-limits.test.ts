import type { FederationApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it, vi } from 'vitest'
import type { AllRepairLimits } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

/** A room of which server b lacks an event, and one that builds on it. */
interface Gap {
  readonly room: RoomBuilder
  /** What b has of the room last. */
  readonly known: Pdu
  readonly missing: Pdu
  readonly event: Pdu
}

const CALLS = [
  'lookupMissingEvents',
  'getEventAuth',
  'lookupStateIds',
  'lookupState',
  'getEvent',
  'queryPublicKey',
] as const

/**
 * Server b is in several rooms, each with a gap that server a could fill. Calls wait while the gate is shut, and fail
 * while a is down.
 */
async function gaps(count: number, limits: Partial<AllRepairLimits> = {}) {
  const a = await Homeserver.start()
  const all: Gap[] = []
  let now = 1_800_000_000_000
  let isUp = true
  let gate = Promise.resolve()
  const calls: { readonly name: string; readonly RoomID?: string; readonly S?: string }[] = []
  const answers = await otherServer(a)
  const federation = Object.fromEntries(
    CALLS.map((name) => [
      name,
      async (request: never) => {
        calls.push({ name, ...(request as { readonly RoomID?: string; readonly S?: string }) })
        await gate
        if (!isUp) throw new Error('no route to host')
        return await (answers[name] as (request: never) => Promise<unknown>)(request)
      },
    ]),
  ) as unknown as FederationApi
  const log = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() }
  const b = await Homeserver.start(
    { serverName: 'b', federation, log, clock: { now: () => now } },
    {},
    limits,
  )
  for (let n = 0; n < count; n++) {
    const room = await RoomBuilder.create({ roomId: `!room${n}:a` })
    const known = await room.join('@bob:b')
    await b.takeAll(room.events)
    const missing = await room.message('missing')
    const event = await room.message('heard')
    await a.takeAll(room.events)
    all.push({ room, known, missing, event })
  }
  return {
    b,
    log,
    gaps: all,
    calls,
    /** The room and the server of each call for the events of a gap. */
    asked: () =>
      calls.flatMap(({ name, RoomID, S }) => (name === 'lookupMissingEvents' ? [`${RoomID} ${S}`] : [])),
    shut: () => {
      let open = () => {}
      gate = new Promise((resolve) => (open = resolve))
      return open
    },
    down: () => (isUp = false),
    up: () => (isUp = true),
    wait: (ms: number) => (now += ms),
    stored: async () => (await b.storage.repairs('', 100)).map(({ eventId }) => eventId).toSorted(),
    [Symbol.asyncDispose]: async () => {
      await b[Symbol.asyncDispose]()
      await a[Symbol.asyncDispose]()
    },
  }
}

const idsOf = (some: readonly Gap[]) => some.map(({ event }) => event.eventId).toSorted()

/** Lets everything go on that waits for no call: several turns of the loop. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

it.each([
  ['succeeds', true],
  ['fails', false],
])(
  'repairs so many rooms at a time, and the next one as soon as one of them %s',
  async (_how, isAnswered) => {
    await using many = await gaps(4, { maxRooms: 2 })
    const { b } = many
    const open = many.shut()
    if (!isAnswered) many.down()
    const taken = many.gaps.map(({ event }) => b.take(event, { origin: 'a' }))
    await expect.poll(() => many.asked()).toHaveLength(2)
    await idle()
    expect(many.asked()).toEqual(['!room0:a a', '!room1:a a'])
    expect([...(b.input.repairs?.rooms ?? [])]).toEqual(many.gaps.map(({ room }) => [room.roomId, 1]))

    open()
    const outcome = isAnswered ? { kind: 'stored', verdict: 'accepted' } : { kind: 'missing' }
    expect(await Promise.all(taken)).toMatchObject(many.gaps.map(() => outcome))
    expect(new Set(many.asked())).toEqual(new Set(many.gaps.map(({ room }) => `${room.roomId} a`)))
    expect(b.input.repairs?.rooms.size).toBe(0)
  },
)

it('lets so many events of a room wait for repairs, and refuses the next one at once', async () => {
  await using one = await gaps(1, { maxWaiting: 2 })
  const { b } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  const { room, missing } = gap
  const open = one.shut()
  const others = [
    await room.message('beside', { prev: [missing] }),
    await room.message('too', { prev: [missing] }),
  ]
  const waiting = [gap.event, ...others.slice(0, 1)].map((event) => b.take(event, { origin: 'a' }))
  await expect.poll(() => b.input.repairs?.rooms.get(room.roomId)).toBe(2)
  const [last] = others.slice(1)
  if (last === undefined) throw new TypeError('no event')
  expect(await b.take(last, { origin: 'a' })).toMatchObject({ kind: 'missing' })
  expect(await b.storage.repairs('', 10)).toContainEqual(
    expect.objectContaining({
      eventId: last.eventId,
      lastError: 'too many events of the room wait for missing events',
    }),
  )
  open()
  expect(await Promise.all(waiting)).toMatchObject(waiting.map(() => ({ verdict: 'accepted' })))
})

it('asks so many servers for a gap and no more, the sender of the event and its own first', async () => {
  await using one = await gaps(1, { maxServers: 3, atOnce: 1 })
  const { b, log } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  for (const user of ['@carol:c', '@dora:d', '@eve:e', '@frank:f'])
    await b.take(await gap.room.join(user, { prev: [gap.known] }))
  one.down()
  expect(await b.take(gap.event, { origin: 'sender' })).toMatchObject({ kind: 'missing' })
  expect(one.asked().map((asked) => asked.split(' ')[1])).toEqual(['sender', 'a', 'c'])
  const calls = log.warn.mock.calls.filter(([, text]) => text === 'could not fetch missing events')
  expect(calls).toEqual([
    [
      { room_id: gap.room.roomId, event_id: gap.event.eventId, reason: expect.stringContaining('no route') },
      'could not fetch missing events',
    ],
  ])
})

it('remembers so many repairs, and another one once there is room', async () => {
  await using many = await gaps(4, { maxJobs: 2 })
  const { b, log } = many
  const [first, second, third, fourth] = many.gaps as [Gap, Gap, Gap, Gap]
  many.down()
  for (const { event } of [first, second, third]) await b.take(event, { origin: 'a' })
  expect(await many.stored()).toEqual(idsOf([first, second]))
  expect(log.warn).toHaveBeenCalledWith(
    { room_id: third.room.roomId, event_id: third.event.eventId },
    'too many events wait for missing events; dropped one',
  )
  // One that is remembered goes on being so.
  await b.take(first.event, { origin: 'a' })
  expect(b.input.repairs?.jobs).toMatchObject([
    { eventId: first.event.eventId, attempts: 2 },
    { eventId: second.event.eventId, attempts: 1 },
  ])

  many.up()
  expect(await b.take(first.event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  many.down()
  await b.take(fourth.event, { origin: 'a' })
  expect(await many.stored()).toEqual(idsOf([second, fourth]))
})

it('remembers repairs of so many bytes, and another one once there is room', async () => {
  const size = await bytesOfRepair()
  await using many = await gaps(4, { maxJobBytes: 2 * size })
  const { b } = many
  const [first, second, third, fourth] = many.gaps as [Gap, Gap, Gap, Gap]
  many.down()
  for (const { event } of [first, second, third]) await b.take(event, { origin: 'a' })
  expect(await many.stored()).toEqual(idsOf([first, second]))
  // The same bytes count once, however often it is tried.
  await b.take(first.event, { origin: 'a' })
  many.up()
  expect(await b.take(first.event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  many.down()
  await b.take(fourth.event, { origin: 'a' })
  expect(await many.stored()).toEqual(idsOf([second, fourth]))
  await b.take(third.event, { origin: 'a' })
  expect(await many.stored()).toEqual(idsOf([second, fourth]))

  await using fewer = await gaps(2, { maxJobBytes: 2 * size - 1 })
  fewer.down()
  for (const { event } of fewer.gaps) await fewer.b.take(event, { origin: 'a' })
  expect(await fewer.stored()).toEqual(idsOf(fewer.gaps.slice(0, 1)))
})

/** What one of the events above takes in the book of repairs. */
async function bytesOfRepair(): Promise<number> {
  await using one = await gaps(1)
  one.down()
  for (const { event } of one.gaps) await one.b.take(event, { origin: 'a' })
  const [job] = await one.b.storage.repairs('', 1)
  return job?.payload.length ?? 0
}

it('rests twice as long after each attempt that failed, up to a limit', async () => {
  await using one = await gaps(1, { retryAfterMs: 1_000, maxRetryAfterMs: 3_000, maxAttempts: 5 })
  const { b, log } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  const { event, room } = gap
  one.down()
  const rests: unknown[] = []
  for (let attempt = 1; attempt <= 5; attempt++) {
    const before = one.wait(10)
    await b.take(event, { origin: 'a' })
    const [job] = await b.storage.repairs('', 1)
    rests.push([job?.state, job?.attempts, (job?.nextTs ?? 0) - before])
  }
  expect(rests).toEqual([
    ['failed', 1, 1_000],
    ['failed', 2, 2_000],
    ['failed', 3, 3_000],
    ['failed', 4, 3_000],
    ['gave-up', 5, 3_000],
  ])
  expect(log.error.mock.calls).toEqual([
    [
      expect.objectContaining({ room_id: room.roomId, event_id: event.eventId, attempts: 5 }),
      'gave up fetching missing events; run roomserver repair to try again',
    ],
  ])
})

it('is tried again when its rest is over and not a moment earlier', async () => {
  await using one = await gaps(1, { retryAfterMs: 1_000 })
  const { b } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  one.down()
  await b.take(gap.event, { origin: 'a' })
  one.up()
  await expectTriedAfter(one, gap, 1_000)
})

it('tries an event of a room again after another one that waited there has come in', async () => {
  await using one = await gaps(1, { retryAfterMs: 1_000 })
  const { b } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  const { room, event, known } = gap
  const unknown = await room.message('unknown', { prev: [known] })
  const other = await room.message('upon it', { prev: [unknown] })
  one.down()
  for (const each of [event, other]) await b.take(each, { origin: 'a' })
  one.up()
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  await b.input.settled()
  expect(b.input.repairs?.jobs).toMatchObject([{ eventId: other.eventId, attempts: 1 }])
  one.wait(1_000)
  await b.take(await room.message('aside', { prev: [known] }))
  await b.input.settled()
  expect(b.input.repairs?.jobs).toMatchObject([{ eventId: other.eventId, attempts: 2 }])
})

it('takes up the repairs of eight rooms at a time when it starts, and in the end those of all', async () => {
  await using many = await gaps(9, { retryAfterMs: 1_000 })
  const { b } = many
  many.down()
  for (const { event } of many.gaps) await b.take(event, { origin: 'a' })
  many.up()
  many.wait(1_000)
  const open = many.shut()
  const before = many.asked().length
  const resumed = b.input.resume()
  await expect.poll(() => many.asked().length - before).toBe(8)
  await idle()
  expect(many.asked().length - before).toBe(8)
  open()
  await resumed
  expect(many.asked().length - before).toBe(9)
  expect(await many.stored()).toEqual([])
  for (const { event } of many.gaps)
    expect(await b.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
})

it('takes up all repairs of a room when an operator says so, of which it reads twenty at a time', async () => {
  await using one = await gaps(1, { maxAttempts: 1 })
  const { b } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  const { room, missing } = gap
  one.down()
  const events: Pdu[] = []
  for (let n = 0; n < 21; n++) events.push(await room.message(`${n}`, { prev: [missing] }))
  for (const event of events) await b.take(event, { origin: 'a' })
  expect(b.input.repairs?.jobs.map(({ state }) => state)).toEqual(events.map(() => 'gave-up'))
  expect(b.input.counters.repairsGivenUp).toBe(21)
  one.up()
  const retried = (await b.input.repairs?.retry(room.roomId)) ?? []
  expect(retried.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId).toSorted())
  expect(retried).toMatchObject(events.map(() => ({ outcome: { verdict: 'accepted' } })))
  expect(await one.stored()).toEqual([])
})

it('takes a repair over that another process was at for a quarter of an hour, and no sooner', async () => {
  await using one = await gaps(1)
  const { b } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  const { event } = gap
  one.down()
  await b.take(event, { origin: 'a' })
  const [job] = await b.storage.repairs('', 1)
  if (job === undefined) throw new TypeError('no repair')
  const startedTs = one.wait(60_000)
  await b.storage.putRepairs([{ ...job, state: 'running', attempts: 2, nextTs: startedTs }])
  await b.input.takeOver()
  one.up()
  await expectTriedAfter(one, gap, 15 * 60_000)
})

it('tries all events again that wait for the same one when it comes, and once', async () => {
  await using one = await gaps(1)
  const { b } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  const { room, known, missing } = gap
  one.down()
  const other = await room.message('beside', { prev: [missing] })
  // Waits for one more, which does not come.
  const unknown = await room.message('unknown', { prev: [known] })
  const both = await room.message('both', { prev: [missing, unknown] })
  for (const event of [gap.event, other, both])
    expect(await b.take(event, { origin: 'a' })).toMatchObject({ kind: 'missing' })
  expect(await b.take(missing)).toMatchObject({ verdict: 'accepted' })
  await b.input.settled()
  for (const { eventId } of [gap.event, other])
    expect(await b.event(eventId)).toMatchObject({ verdict: 'accepted' })
  expect(b.input.repairs?.jobs).toMatchObject([{ eventId: both.eventId, state: 'failed', attempts: 2 }])

  // What it waits for no more makes it stir no more.
  await b.take(missing)
  await b.take(await room.message('aside', { prev: [known] }))
  await b.input.settled()
  expect(b.input.repairs?.jobs).toMatchObject([{ eventId: both.eventId, state: 'failed', attempts: 2 }])
  expect(await b.take(unknown)).toMatchObject({ verdict: 'accepted' })
  await b.input.settled()
  expect(await b.event(both.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(b.input.repairs?.jobs).toEqual([])
})

it('waits with closing for repairs that are tried again, an operator’s and the room’s own', async () => {
  await using one = await gaps(1, { retryAfterMs: 1_000 })
  const { b } = one
  const [gap] = one.gaps
  if (gap === undefined) throw new TypeError('no room')
  const { room, event, known } = gap
  one.down()
  await b.take(event, { origin: 'a' })
  one.up()
  const open = one.shut()
  const asked = one.asked().length
  one.wait(1_000)
  await b.take(await room.message('aside', { prev: [known] }))
  await expect.poll(() => one.asked().length).toBeGreaterThan(asked)
  const takenUp = b.input.repairs?.retry(room.roomId)
  let isClosed = false
  const closed = b.input.close().then(() => (isClosed = true))
  await idle()
  expect(isClosed).toBe(false)
  expect((await b.storage.repairs('', 1))[0]?.state, 'nothing is under way any more').not.toBe('failed')
  open()
  await closed
  await takenUp
  expect((await b.storage.repairs('', 1)).filter(({ state }) => state !== 'failed')).toEqual([])
})

/** Lets the time come at which the gap of a room is tried again, and shows that it is not a moment earlier. */
async function expectTriedAfter(
  one: Awaited<ReturnType<typeof gaps>>,
  { room, event, known }: Gap,
  ms: number,
): Promise<void> {
  const asked = one.calls.length
  one.wait(ms - 1)
  await one.b.take(await room.message('aside', { prev: [known] }))
  await one.b.input.settled()
  expect(one.calls).toHaveLength(asked)
  one.wait(1)
  await one.b.take(await room.message('aside again', { prev: [known] }))
  await one.b.input.settled()
  expect(await one.b.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
}
