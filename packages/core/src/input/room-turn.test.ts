import { setTimeout as wait } from 'node:timers/promises'
import { type RoomRecord, silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RoomTurn } from './room-turn.ts'

/** A store with one room, shared by processes. */
class SharedRoom {
  revision = 1
  moves = 0
  asked = 0
  #held: string | undefined

  async takeLease(_name: string, holder: string): Promise<boolean> {
    this.asked++
    this.#held ??= holder
    return this.#held === holder
  }

  async releaseLease(_name: string, holder: string): Promise<void> {
    if (this.#held === holder) this.#held = undefined
  }

  async room(): Promise<RoomRecord> {
    return { revision: this.revision } as RoomRecord
  }

  async moveRoom(): Promise<RoomRecord> {
    this.moves++
    this.revision++
    return await this.room()
  }

  turn(holder: string): RoomTurn {
    return new RoomTurn({ store: this, holder, log: silentLogger }, '!room:a')
  }
}

it('is not needed as long as no commit is lost', async () => {
  const store = new SharedRoom()
  const turn = store.turn('one')
  expect(turn.isNeeded).toBe(false)
  await turn.end(1)
  expect(store.asked).toBe(0)
  turn.lost()
  expect(turn.isNeeded).toBe(true)
})

it('moves the room on after a lost commit, and only then', async () => {
  const store = new SharedRoom()
  const turn = store.turn('one')
  turn.lost()
  expect(await turn.take()).toMatchObject({ revision: 2 })
  await turn.end(2)
  expect(await turn.take()).toMatchObject({ revision: 2 })
  expect(store.moves).toBe(1)
})

it('gives each process its turn, none two in a row while others wait', async () => {
  const store = new SharedRoom()
  const order: string[] = []
  const run = async (holder: string): Promise<void> => {
    const turn = store.turn(holder)
    turn.lost()
    for (let count = 0; count < 8; count++) {
      const { revision } = await turn.take()
      order.push(holder)
      await wait(2)
      expect(store.revision).toBe(revision)
      store.revision++
      await turn.end(store.revision)
    }
  }
  await Promise.all(['one', 'two', 'three'].map(run))
  const early = order.slice(0, 12)
  for (const holder of ['one', 'two', 'three'])
    expect(early.filter((one) => one === holder).length).toBeGreaterThan(1)
})
