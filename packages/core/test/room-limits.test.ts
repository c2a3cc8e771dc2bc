import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { type Logger, NO_NID, RoomserverError, silentLogger, type Suspendable } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import type { DecideNeed } from '../src/decide/decide-need.ts'
import type { Draft } from '../src/decide/draft.ts'
import type { RoomTask } from '../src/input/room-tasks.ts'
import { Homeserver } from './homeserver.ts'

/** A task that asks the store for an event type. */
function taskOf(roomId: string, bytes: number): RoomTask<string> {
  return {
    roomId,
    version: '10',
    name: 'asking',
    bytes,
    *decide({ view }) {
      yield { kind: 'types', names: ['org.example.never.seen'] }
      return view.typeNid('org.example.never.seen') === null ? 'decided' : 'known'
    },
  }
}

/** A homeserver whose store answers no question about event types until the test lets it. */
async function gated(
  limits: ConstructorParameters<typeof Homeserver>[2],
  deps: ConstructorParameters<typeof Homeserver>[1] = {},
) {
  const hs = await Homeserver.start(deps, limits)
  const gate = Promise.withResolvers<void>()
  const { eventTypesByName } = hs.storage
  vi.spyOn(hs.storage, 'eventTypesByName').mockImplementation(async (names) => {
    await gate.promise
    return eventTypesByName(names)
  })
  return { hs, go: gate.resolve }
}

describe('what waits', () => {
  const run = (hs: Homeserver, roomId: string, bytes: number) => hs.input.runTask(taskOf(roomId, bytes))
  const refusal = (what: string) => ({
    code: 'OVERLOADED',
    details: { what, retryAfterMs: 1000 },
    message: `too much ${what} is queued; try again later`,
  })

  it('takes up to its bound over all rooms, and no more', async () => {
    const { hs, go } = await gated({ maxBytesInFlight: 100, maxRoomBytesInFlight: 50 })
    await using _ = hs
    const first = run(hs, '!one:a', 49)
    const second = run(hs, '!two:a', 50)
    const third = run(hs, '!three:a', 1)
    expect(hs.input.rooms.bytesInFlight).toBe(100)
    expect(() => hs.input.rooms.admit('!four:a')).toThrow(expect.objectContaining(refusal('input')))
    go()
    expect(await Promise.all([first, second, third])).toEqual(['decided', 'decided', 'decided'])
    expect(hs.input.rooms.bytesInFlight).toBe(0)
    expect(await run(hs, '!four:a', 1_000)).toBe('decided')
  })

  it('takes up to half of that in one room, whatever its own bound says, and leaves the rest to others', async () => {
    const { hs, go } = await gated({ maxBytesInFlight: 100, maxRoomBytesInFlight: 90 })
    await using _ = hs
    const before = run(hs, '!one:a', 49)
    const last = run(hs, '!one:a', 1)
    expect(() => hs.input.rooms.admit('!one:a')).toThrow(expect.objectContaining(refusal('input to !one:a')))
    const beside = run(hs, '!two:a', 10)
    go()
    expect(await Promise.all([before, last, beside])).toEqual(['decided', 'decided', 'decided'])
    expect(await run(hs, '!one:a', 1)).toBe('decided')
  })

  it('is shown with the step that each room is at', async () => {
    const { hs, go } = await gated({})
    await using _ = hs
    const tasks = [run(hs, '!one:a', 1), run(hs, '!one:a', 1), run(hs, '!two:a', 1)]
    await expect.poll(() => hs.input.rooms.busy.map(({ step }) => step)).toEqual(Array(2).fill('asking'))
    expect(hs.input.rooms.busy).toMatchObject([{ roomId: '!one:a' }, { roomId: '!two:a' }])
    go()
    await Promise.all(tasks)
    await expect.poll(() => hs.input.rooms.busy).toEqual([])
  })
})

it.each([
  [2, 0],
  [1, 1],
])('keeps %i rooms at hand, and reads others again', async (maxIdleRooms, reads) => {
  await using hs = await Homeserver.start({}, { maxIdleRooms })
  const one = await RoomBuilder.create({ roomId: '!one:a' })
  const two = await RoomBuilder.create({ roomId: '!two:a' })
  await hs.takeAll([...one.events, ...two.events])
  const read = vi.spyOn(hs.storage, 'room')
  await hs.take(await two.message('the one used last'))
  expect(read).toHaveBeenCalledTimes(0)
  await hs.take(await one.message('the one used before'))
  expect(read).toHaveBeenCalledTimes(reads)
})

it('counts a room as stuck from the moment on that it is at one step for so long', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const warnings: unknown[] = []
  const log: Logger = { ...silentLogger, warn: (fields, message) => warnings.push([fields, message]) }
  let now = 1_000
  const { hs, go } = await gated({ stuckAfterMs: 30_000 }, { log, clock: { now: () => now } })
  const tasks = ['!one:a', '!one:a'].map((roomId) => hs.input.runTask(taskOf(roomId, 1)))
  await expect.poll(() => hs.input.rooms.busy[0]?.step).toBe('asking')
  now += 29_999
  vi.advanceTimersByTime(5_000)
  expect(warnings).toEqual([])
  now += 1
  vi.advanceTimersByTime(5_000)
  expect(warnings).toEqual([
    [{ room_id: '!one:a', step: 'asking', waited_ms: 30_000, queued: 1 }, 'a room is stuck'],
  ])
  go()
  await Promise.all(tasks)
  await hs[Symbol.asyncDispose]()
  // Nothing looks any more once it is closed.
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('a room with a fault', () => {
  const NOW = 1_000_000

  async function faulty() {
    const logged: unknown[] = []
    const log: Logger = { ...silentLogger, error: (fields, message) => logged.push([fields, message]) }
    const clock = { time: NOW, now: () => clock.time }
    const hs = await Homeserver.start({ log, clock }, { quarantineMs: 600_000 })
    const task = (error?: unknown, roomId = '!room:a') =>
      hs.input.runTask({
        roomId,
        version: '10',
        name: 'counting',
        bytes: 1,
        // oxlint-disable-next-line require-yield -- it needs nothing
        *decide() {
          if (error !== undefined) throw error
          return 'decided'
        },
      })
    const fail = async (error: unknown, roomId?: string) => {
      await expect(task(error, roomId)).rejects.toBe(error)
    }
    return { hs, logged, clock, task, fail, quarantine: hs.input.rooms.quarantine }
  }

  it('is set aside after three in a row, for so long and no longer', async () => {
    const { hs, logged, clock, task, fail, quarantine } = await faulty()
    await using _ = hs
    const bug = new RangeError('a bug')
    await fail(bug)
    await fail(bug)
    expect(await task()).toBe('decided')
    await fail(bug)
    await fail(bug)
    expect([...quarantine.rooms]).toEqual([])
    logged.length = 0
    await fail(bug)
    expect(logged).toEqual([
      [{ room_id: '!room:a', step: 'counting', err: bug, faults: 3 }, 'could not complete a task of a room'],
      [{ room_id: '!room:a', reason: 'a bug' }, 'room quarantined'],
    ])
    expect([...quarantine.rooms]).toEqual([['!room:a', { reason: 'a bug', until: NOW + 600_000 }]])
    expect(hs.input.counters.quarantined).toBe(1)

    clock.time = NOW + 599_999
    expect(() => task()).toThrow('room !room:a is quarantined after a fault: a bug')
    clock.time = NOW + 600_000
    expect(await task()).toBe('decided')
    expect([...quarantine.rooms]).toEqual([])
  })

  it('begins to count anew when it takes part again', async () => {
    const { hs, clock, fail, quarantine } = await faulty()
    await using _ = hs
    for (let i = 0; i < 3; i++) await fail('a text')
    clock.time += 600_000
    for (let i = 0; i < 2; i++) await fail('a text')
    expect([...quarantine.rooms]).toEqual([])
    await fail('a text')
    expect(quarantine.rooms.get('!room:a')?.reason).toBe('a text')
    expect(hs.input.counters.quarantined).toBe(2)
  })

  it('is set aside at once where its found damaged data', async () => {
    const { hs, task, fail } = await faulty()
    await using _ = hs
    await fail(new RoomserverError('STORE_DAMAGED', { what: 'a block', repair: '' }, 'a block is gone'))
    expect(() => task()).toThrow(expect.objectContaining({ code: 'ROOM_QUARANTINED' }))
    expect(await task(undefined, '!beside:a')).toBe('decided')
  })

  it('is not quarantined for failures of others', async () => {
    const { hs, logged, task, fail } = await faulty()
    await using _ = hs
    const down = new RoomserverError('STORE_UNAVAILABLE', { reason: 'down' }, 'the store is down')
    for (let i = 0; i < 5; i++) await fail(down)
    expect(logged).toEqual([])
    expect(await task()).toBe('decided')
  })

  it('has its faults counted apart from those of others', async () => {
    const { hs, task, fail } = await faulty()
    await using _ = hs
    const bug = new RangeError('a bug')
    for (const roomId of ['!one:a', '!two:a', '!one:a', '!two:a']) await fail(bug, roomId)
    expect(await task(undefined, '!one:a')).toBe('decided')
    await fail(bug, '!two:a')
    expect([...hs.input.rooms.quarantine.rooms.keys()]).toEqual(['!two:a'])
  })
})

it('settles the version of a room by its create event, also where events of another one wait before and after it', async () => {
  const { hs, go } = await gated({})
  await using _ = hs
  const claimed = await RoomBuilder.create({ version: '9' })
  const [before, after] = [await claimed.message('one'), await claimed.message('two')]
  await hs.input.runTask({ ...taskOf('!room:a', 1), version: '9', decide: announcePeek })
  const room = await RoomBuilder.create({ version: '10' })
  const { roomId } = room
  expect(await hs.room(roomId)).toMatchObject({ version: '9', current: 0 })

  const busy = hs.input.runTask(taskOf(roomId, 1))
  const [create, ...others] = room.events as [Pdu, ...Pdu[]]
  const waiting = [
    hs.take(before, { kind: InputKind.outlier }),
    hs.take(create),
    hs.take(after, { kind: InputKind.outlier }),
  ]
  await expect.poll(() => hs.input.rooms.busy.map(({ queued }) => queued)).toEqual([3])
  go()
  await busy
  expect(await Promise.all(waiting)).toMatchObject([
    { kind: 'missing' },
    { verdict: 'accepted' },
    { kind: 'refused', error: { message: expect.stringContaining('version 10') as string } },
  ])
  expect(await hs.room(roomId)).toMatchObject({ version: '10' })
  await hs.takeAll(others)
  expect(await hs.current(roomId)).toEqual(room.events.map(({ eventId }) => eventId).toSorted())
})

/** Makes a room known that nothing else is known of. */
// oxlint-disable-next-line require-yield -- there is nothing to ask for
function* announcePeek(draft: Draft): Suspendable<DecideNeed, string> {
  draft.addOutput('new_peek', NO_NID, {})
  return 'announced'
}
