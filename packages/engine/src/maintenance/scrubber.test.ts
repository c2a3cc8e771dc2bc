import { openStorage } from '@roomserver/storage'
import {
  type Logger,
  newRoom,
  NO_CHANGES,
  NO_NID,
  type RoomNid,
  RoomserverError,
  silentLogger,
} from '@roomserver/types'
import { expect, it, vi } from 'vitest'
import { CONTENT_HASHES, pauseAfter, type ScrubbedStore, startScrubber } from './scrubber.ts'

it('checks as many small rooms a minute as it may, and large ones for a fiftieth of the time', () => {
  expect(pauseAfter(0, 6)).toBe(10_000)
  expect(pauseAfter(100, 6)).toBe(10_000)
  expect(pauseAfter(10_000, 6)).toBe(490_000)
})

/** Lets a scrubber run until it has checked so many rooms, and tells which. The first of them cannot be read. */
async function scrub(
  storage: Awaited<ReturnType<typeof openStorage>>,
  rooms: number,
): Promise<readonly RoomNid[]> {
  const checked: RoomNid[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const watched = {
    ...storage,
    checkRoom: async (...call: Parameters<typeof storage.checkRoom>) => {
      checked.push(call[0])
      if (checked.length === rooms) resolve()
      if (checked.length === 1) throw new Error('this room cannot be read')
      return await storage.checkRoom(...call)
    },
  }
  await using _scrubber = startScrubber(watched, 60_000, silentLogger)
  await promise
  return checked
}

it('goes on where it stopped, after a restart and after a room that it could not check', async () => {
  await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const nids: RoomNid[] = []
  for (let at = 0; at < 6; at++) {
    const room = newRoom({ nid: await storage.allocate('room', 1), roomId: `!${at}:a`, version: '10' })
    await storage.commit([{ room, next: room, ...NO_CHANGES }])
    nids.push(room.nid)
  }
  const first = await scrub(storage, 3)
  const second = await scrub(storage, 2)
  expect([...first.slice(0, 3), ...second.slice(0, 2)]).toEqual(nids.slice(0, 5))
})

const ROOM = newRoom({ nid: 7 as RoomNid, roomId: '!r:a', version: '10' })
const DAMAGE = { what: 'a block', means: 'state is lost', repair: 'roomserver repair' }

/** A store with some rooms, of which the last one checked is known, and what is done with it and logged. */
function scrubbed(rooms: readonly unknown[], last = 0) {
  let at = last
  const calls: unknown[] = []
  const note = (level: string) => (fields: object, text: string) => void calls.push([level, fields, text])
  const log: Logger = { ...silentLogger, warn: note('warn'), error: note('error') }
  const store = {
    takeLease: vi.fn(async () => true),
    releaseLease: async () => undefined,
    rooms: async (after: number) =>
      rooms.slice(after, after + 1).map((_, index) => ({ ...ROOM, nid: after + index + 1 })),
    scrubbed: async () => at,
    setScrubbed: async (nid: number) => {
      calls.push(['checked', nid])
      at = nid
    },
    checkRoom: vi.fn(async (nid: number) => {
      const check = rooms[nid - 1]
      if (check instanceof Error) throw check
      return check
    }),
    noteUnreferenced: async (check: unknown) => void calls.push(['noted', check]),
    collectUnreferenced: vi.fn(async (): Promise<unknown> => ({ kind: 'collected' })),
  }
  return {
    calls,
    log,
    store,
    scrubber: (perMinute: number) => startScrubber(store as unknown as ScrubbedStore, perMinute, log),
  }
}

it('tells of what it finds in a room, and what to do, unless the room moved on meanwhile', async () => {
  const settled = { room: ROOM, findings: [DAMAGE, { ...DAMAGE, what: 'a row' }], isSettled: true }
  const busy = { ...settled, isSettled: false }
  const { calls, scrubber, store } = scrubbed([settled, busy])
  await using scrubbing = scrubber(60_000)
  await expect.poll(() => scrubbing.checkedRooms).toBe(2)
  expect(scrubbing.findings).toBe(2)
  expect(store.checkRoom.mock.calls).toEqual([
    [1, CONTENT_HASHES],
    [2, CONTENT_HASHES],
  ])
  expect(calls.slice(0, 6)).toEqual([
    ['checked', 1],
    ['error', { room_id: '!r:a', ...DAMAGE }, 'found damaged data'],
    ['error', { room_id: '!r:a', ...DAMAGE, what: 'a row' }, 'found damaged data'],
    ['noted', settled],
    ['checked', 2],
    ['noted', busy],
  ])
})

it('passes over a room that cannot be checked, and says so unless it was purged', async () => {
  const gone = new RoomserverError('ROOM_NOT_FOUND', { roomId: '!r:a' }, 'no such room')
  const { calls, scrubber } = scrubbed([
    gone,
    new Error('away'),
    { room: ROOM, findings: [], isSettled: true },
  ])
  await using scrubbing = scrubber(60_000)
  await expect.poll(() => scrubbing.checkedRooms).toBe(1)
  expect(calls.slice(0, 5)).toEqual([
    ['checked', 1],
    ['checked', 2],
    ['warn', { err: new Error('away') }, 'could not check a room; continuing with the next'],
    ['checked', 3],
    ['noted', { room: ROOM, findings: [], isSettled: true }],
  ])
})

it('begins again behind the last room, after it has deleted what nothing referred to for a week', async () => {
  const { calls, scrubber, store } = scrubbed([], 5)
  await using scrubbing = scrubber(60_000)
  await expect.poll(() => store.collectUnreferenced.mock.calls).toEqual([[604_800_000]])
  expect(calls).toEqual([['checked', NO_NID]])
  expect(scrubbing.checkedRooms).toBe(0)
})

it('tells of an index that is wrong about what nothing refers to', async () => {
  const { calls, scrubber, store } = scrubbed([])
  store.collectUnreferenced.mockResolvedValue({ kind: 'refused', referenced: 3 })
  await using _scrubbing = scrubber(60_000)
  await expect
    .poll(() => calls)
    .toEqual([
      [
        'error',
        { referenced: 3, repair: '`roomserver check --repair` finds the damaged index and rebuilds it' },
        'found references to state that an index reports as unreferenced; an index is damaged; nothing was deleted',
      ],
    ])
})

it('checks nothing at 0 rooms a minute, and leads nobody', async () => {
  const { calls, scrubber, store } = scrubbed([{ room: ROOM, findings: [], isSettled: true }])
  const scrubbing = scrubber(0)
  await scrubbing[Symbol.asyncDispose]()
  expect(store.takeLease).not.toHaveBeenCalled()
  expect([scrubbing.checkedRooms, scrubbing.findings, calls]).toEqual([0, 0, []])
})

it('is the work of one process, which gives it up at its end', async () => {
  const { scrubber, store } = scrubbed([])
  const releaseLease = vi.spyOn(store, 'releaseLease')
  await scrubber(60_000)[Symbol.asyncDispose]()
  expect(store.takeLease.mock.calls).toEqual([['scrubber', expect.any(String), 15_000]])
  expect(releaseLease).toHaveBeenCalledWith('scrubber', expect.any(String))
})
