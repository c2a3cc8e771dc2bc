import { setTimeout as wait } from 'node:timers/promises'
import { openStorage, type Storage } from '@roomserver/storage'
import { newRoom, NO_CHANGES, silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RoomTurn } from '../src/input/room-turn.ts'

const ROOM = '!room:a'

/** A store with one room at its first revision, shared by processes, that counts what they do with it. */
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
    await storage.commit([{ ...NO_CHANGES, room, next: room }])
    return new SharedRoom(storage)
  }

  async revision(): Promise<number> {
    return (await this.#storage.room(ROOM))?.revision ?? 0
  }

  /** Changes the room, as a commit does. */
  async change(): Promise<number> {
    return (await this.#storage.moveRoom(ROOM))?.revision ?? 0
  }

  turn(holder: string): RoomTurn {
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
    return new RoomTurn({ store, holder, log: silentLogger }, ROOM)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#storage[Symbol.asyncDispose]()
  }
}

it('is not needed as long as no commit is lost', async () => {
  await using store = await SharedRoom.open()
  const turn = store.turn('one')
  expect(turn.isNeeded).toBe(false)
  await turn.end(1)
  expect(store.asked).toBe(0)
  turn.lost()
  expect(turn.isNeeded).toBe(true)
})

it('moves the room on after a lost commit, and only then', async () => {
  await using store = await SharedRoom.open()
  const turn = store.turn('one')
  turn.lost()
  expect(await turn.take()).toMatchObject({ revision: 2 })
  await turn.end(2)
  expect(await turn.take()).toMatchObject({ revision: 2 })
  expect(store.moves).toBe(1)
})

it('gives each process its turn, none two in a row while others wait', async () => {
  await using store = await SharedRoom.open()
  const order: string[] = []
  const run = async (holder: string): Promise<void> => {
    const turn = store.turn(holder)
    turn.lost()
    for (let count = 0; count < 8; count++) {
      const { revision } = await turn.take()
      order.push(holder)
      await wait(2)
      expect(await store.revision()).toBe(revision)
      await turn.end(await store.change())
    }
  }
  await Promise.all(['one', 'two', 'three'].map(run))
  const early = order.slice(0, 12)
  for (const holder of ['one', 'two', 'three'])
    expect(early.filter((one) => one === holder).length).toBeGreaterThan(1)
})
