import type { RoomRecord } from '@roomserver/types'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Storage } from '../src/index.ts'
import { newEvent, newKey, newRoom, newOutput, storedRoom, writeSet } from '@roomserver/storage-contract'
import { type PostgresPlace, postgresPlace } from './postgres-database.ts'

let place: PostgresPlace
let stores: readonly [Storage, Storage, Storage]

beforeAll(async () => {
  place = await postgresPlace()
  // All three find an empty schema and bring it up to date at once.
  stores = await Promise.all([place.open(), place.open(), place.open({ maxConnections: 1 })])
})

afterAll(async () => {
  for (const store of stores) await store[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

/** Appends an output to a room until it goes through, as a process does that reads again after a conflict. */
async function append(store: Storage, roomId: string): Promise<void> {
  for (;;) {
    const room = await store.room(roomId)
    if (room === undefined) throw new Error('the room is gone')
    const event = await newEvent(store, room, { eventId: `$${roomId}-${room.outputSeq}-${Math.random()}` })
    const seq = room.outputSeq + 1
    const next = { ...room, outputSeq: seq, extremities: [event.nid] }
    const set = writeSet(room, { next, events: [event], outputs: [newOutput(room, seq, event.nid)] })
    const [result] = await store.commit([set])
    if (result?.kind === 'committed') return
    if (result?.kind === 'failed') throw result.error
  }
}

describe('several processes on one PostgreSQL', () => {
  it('decide a room one after another and number its outputs without a gap', async () => {
    const room = await storedRoom(stores[0])
    const work = Array.from({ length: 30 }, (_, at) => append(stores[at % 3]!, room.roomId))
    await Promise.all(work)
    const outputs = (await stores[1].outputs(0, 1_000)).filter(({ roomNid }) => roomNid === room.nid)
    expect(outputs.map(({ seq }) => seq)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1))
  })

  it('never give out a NID twice', async () => {
    const taken = await Promise.all(
      Array.from({ length: 300 }, (_, at) => stores[at % 3]!.allocate('stateKey', 3)),
    )
    expect(new Set(taken).size).toBe(300)
  })

  it('do not lock each other out when they commit the same rooms and strings in other orders', async () => {
    const rooms: RoomRecord[] = []
    for (let i = 0; i < 12; i++) rooms.push(await newRoom(stores[0]))
    const keys = [await newKey(stores[0], 'x'), await newKey(stores[0], 'y'), await newKey(stores[0], 'z')]
    const made = await Promise.all(
      stores.map((store, at) => {
        const sets = rooms.map((room) => writeSet(room, { stateKeys: at === 1 ? keys.toReversed() : keys }))
        return store.commit(at === 2 ? sets.toReversed() : sets)
      }),
    )
    const kinds = made.flat().map((result) => result.kind)
    expect(kinds.filter((kind) => kind === 'committed')).toHaveLength(12)
    expect(kinds.filter((kind) => kind === 'conflict')).toHaveLength(24)
  })

  it('let one room be made once', async () => {
    const rivals = await Promise.all(stores.map((store) => newRoom(store, '!once:example.org')))
    const results = await Promise.all(rivals.map((room, at) => stores[at]!.commit([writeSet(room)])))
    expect(results.flat().filter(({ kind }) => kind === 'committed')).toHaveLength(1)
  })
})
