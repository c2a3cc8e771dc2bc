import { setTimeout as wait } from 'node:timers/promises'
import { openStorage, type Storage } from '@roomserver/storage'
import { newRoom, NO_CHANGES, type RoomNid, silentLogger } from '@roomserver/types'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { RoomLease } from '../src/input/room-lease.ts'

const ROOM = '!room:a'
const OTHER = '!other:a'

/** A store with two rooms at their first revision, shared by processes, that counts what they do with it. */
class SharedRoom implements AsyncDisposable {
  moves = 0
  asked = 0
  readonly #storage: Storage

  private constructor(storage: Storage) {
    this.#storage = storage
  }

  static async open(): Promise<SharedRoom> {
    const storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
    const room = newRoom({ nid: await storage.allocate('room', 1), roomId: ROOM, version: '10' })
    const other = newRoom({ nid: await storage.allocate('room', 1), roomId: OTHER, version: '10' })
    await storage.commit([room, other].map((one) => ({ ...NO_CHANGES, room: one, next: one })))
    return new SharedRoom(storage)
  }

  async revision(): Promise<number> {
    return (await this.#storage.room(ROOM))?.revision ?? 0
  }

  /** Changes the room, as a commit does. */
  async change(): Promise<number> {
    return (await this.#storage.moveRoom(ROOM))?.revision ?? 0
  }

  lease(holder: string, roomId = ROOM): RoomLease {
    const storage = this.#storage
    const store = {
      takeLease: (...lease: Parameters<Storage['takeLease']>) => {
        this.asked++
        return storage.takeLease(...lease)
      },
      releaseLease: (...lease: Parameters<Storage['releaseLease']>) => storage.releaseLease(...lease),
      room: (roomId: string) => storage.room(roomId),
      moveRoom: (roomId: string) => {
        this.moves++
        return storage.moveRoom(roomId)
      },
    }
    return new RoomLease({ store, holder, log: silentLogger }, roomId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#storage[Symbol.asyncDispose]()
  }
}

it('is not needed as long as no commit is lost', async () => {
  await using store = await SharedRoom.open()
  const lease = store.lease('one')
  expect(lease.isNeeded).toBe(false)
  await lease.end(1)
  expect(store.asked).toBe(0)
  lease.onConflict()
  expect(lease.isNeeded).toBe(true)
})

it('moves the room on after a lost commit, and only then', async () => {
  await using store = await SharedRoom.open()
  const lease = store.lease('one')
  lease.onConflict()
  expect(await lease.take()).toMatchObject({ revision: 2 })
  await lease.end(2)
  expect(await lease.take()).toMatchObject({ revision: 2 })
  expect(store.moves).toBe(1)
})

it('gives each process its turn, none two in a row while others wait', async () => {
  await using store = await SharedRoom.open()
  const order: string[] = []
  const run = async (holder: string): Promise<void> => {
    const lease = store.lease(holder)
    lease.onConflict()
    for (let count = 0; count < 8; count++) {
      const { revision } = await lease.take()
      order.push(holder)
      await wait(2)
      expect(await store.revision()).toBe(revision)
      await lease.end(await store.change())
    }
  }
  await Promise.all(['one', 'two', 'three'].map(run))
  const early = order.slice(0, 12)
  for (const holder of ['one', 'two', 'three'])
    expect(early.filter((one) => one === holder).length).toBeGreaterThan(1)
})

describe('the pace of turns', () => {
  /** A room at some revision, whose lease is free or not, and a clock that the test holds. */
  function held(roomId = ROOM) {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    // The middle between the shortest and the longest pause.
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    onTestFinished(() => {
      vi.useRealTimers()
      vi.restoreAllMocks()
    })
    const start = performance.now()
    const state = { revision: 0, isFree: true, isDown: false }
    const asked: { readonly name: string; readonly ttlMs: number; readonly at: number }[] = []
    const released: string[] = []
    const logged: unknown[] = []
    const room = async () => ({
      ...newRoom({ nid: 1 as RoomNid, roomId, version: '10' }),
      revision: state.revision,
    })
    const store = {
      takeLease: async (name: string, _holder: string, ttlMs: number) => {
        asked.push({ name, ttlMs, at: performance.now() - start })
        return state.isFree
      },
      releaseLease: async (name: string) => {
        if (state.isDown) throw new Error('down')
        released.push(name)
      },
      room,
      moveRoom: room,
    }
    const log = { ...silentLogger, debug: (fields: unknown) => void logged.push(fields) }
    const lease = new RoomLease({ store, holder: 'one', log }, roomId)
    return { lease, state, asked, released, logged, at: () => performance.now() - start }
  }

  /** Takes the lease, letting as much time pass as that needs. */
  async function take({ lease }: { readonly lease: RoomLease }): Promise<void> {
    let isTaken = false
    const taken = lease.take().finally(() => (isTaken = true))
    // A failure is the caller's business, later.
    taken.catch(() => undefined)
    for (await vi.advanceTimersByTimeAsync(0); !isTaken; ) await vi.advanceTimersByTimeAsync(1)
    await taken
  }

  it('is needed for a second after a commit was lost', async () => {
    const { lease } = held()
    lease.onConflict()
    await vi.advanceTimersByTimeAsync(999)
    expect(lease.isNeeded).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    expect(lease.isNeeded).toBe(false)
  })

  it('is needed for another second where the room was moved on since it was left', async () => {
    const room = held()
    const { lease, state } = room
    lease.onConflict()
    await take(room)
    state.revision = 3
    await lease.end(3)
    await vi.advanceTimersByTimeAsync(990)
    await take(room)
    await lease.end(3)
    await vi.advanceTimersByTimeAsync(10)
    expect(lease.isNeeded).toBe(false)
    state.revision = 4
    await take(room)
    expect(lease.isNeeded).toBe(true)
  })

  it('is looked for after short pauses, which grow to eight milliseconds', async () => {
    const room = held()
    room.lease.onConflict()
    room.state.isFree = false
    const taken = take(room)
    await vi.advanceTimersByTimeAsync(25)
    room.state.isFree = true
    await taken
    expect(room.asked.map(({ at }) => at)).toEqual([0, 2, 6, 14, 22, 30])
  })

  it('is given up after half a minute, in words for the caller', async () => {
    const room = held()
    room.lease.onConflict()
    room.state.isFree = false
    await expect(take(room)).rejects.toMatchObject({
      code: 'OVERLOADED',
      message: `room ${ROOM}: is contended: other processes keep committing first`,
    })
    expect(room.at()).toBeGreaterThanOrEqual(30_000)
    expect(room.at()).toBeLessThan(30_010)
  })

  it('lasts two seconds, twice as long after each further commit that was lost, and a minute at the most', async () => {
    const room = held()
    for (let losses = 0; losses < 8; losses++) {
      room.lease.onConflict()
      await take(room)
    }
    expect(room.asked.map(({ ttlMs }) => ttlMs)).toEqual([
      2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ])
    await room.lease.end(0)
    await take(room)
    expect(room.asked.at(-1)?.ttlMs).toBe(2_000)
  })

  it('goes to others first for twelve milliseconds after it was had', async () => {
    const room = held()
    room.lease.onConflict()
    await take(room)
    // As long as it lasts, it is prolonged at once.
    await take(room)
    await room.lease.end(0)
    expect(room.released).toEqual([`room ${ROOM}`])
    await take(room)
    expect(room.asked.map(({ at }) => at)).toEqual([0, 0, 12])
  })

  it('runs out by itself where it cannot be given back', async () => {
    const room = held()
    room.lease.onConflict()
    await take(room)
    room.state.isDown = true
    await room.lease.end(1)
    expect(room.logged).toEqual([{ room_id: ROOM, error: 'Error: down' }])
    // It is not given back twice.
    room.state.isDown = false
    await room.lease.end(1)
    expect(room.released).toEqual([])
  })

  it('is another one in each room', async () => {
    const [one, two] = [held('!one:a'), held('!two:a')]
    for (const room of [one, two]) {
      room.lease.onConflict()
      await take(room)
    }
    expect([...one.asked, ...two.asked].map(({ name }) => name)).toEqual(['room !one:a', 'room !two:a'])
  })
})

it('takes the turns of two rooms independently of each other', async () => {
  await using store = await SharedRoom.open()
  const [here, there] = [store.lease('one'), store.lease('two', OTHER)]
  here.onConflict()
  there.onConflict()
  await here.take()
  await there.take()
  expect(store.asked).toBe(2)
  await here.end(1)
  await there.end(1)
})
