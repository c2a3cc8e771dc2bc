import { setTimeout as wait } from 'node:timers/promises'
import type { EventNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { newEvent, output, store1, storedRoom, writeSet } from './sample.ts'

/** The inbox and the output log. */
export function logContract(open: () => Promise<Storage>): void {
  it('keeps asynchronous input until the commit that settles it', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const items = ['one', 'two', 'three'].map((payload) => ({ roomId: room.roomId, payload }))
    const positions = await store.enqueue(items, 'one')
    expect(await store.inbox(0, 10)).toEqual(items.map((item, at) => ({ ...item, position: positions[at] })))
    expect(await store.inbox(positions[0]!, 1)).toEqual([{ ...items[1], position: positions[1] }])
    await store1(store, writeSet(room, { inboxDone: [positions[0]!, positions[1]!] }))
    expect(await store.inbox(0, 10)).toEqual([{ ...items[2], position: positions[2] }])
    await store.dropInbox([positions[2]!])
    expect(await store.inbox(0, 10)).toEqual([])
    expect(await store.enqueue([], 'one')).toEqual([])
  })

  it('leaves the input where it is when its commit fails', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const positions = await store.enqueue([{ roomId: room.roomId, payload: '{}' }], 'one')
    await store1(store, writeSet(room))
    expect(await store.commit([writeSet(room, { inboxDone: positions })])).toMatchObject([
      { kind: 'conflict' },
    ])
    expect(await store.inbox(0, 10)).toHaveLength(1)
  })

  it('gives what nobody alive holds to one that claims it, and nothing else', async () => {
    await using store = await open()
    const { roomId } = await storedRoom(store)
    const put = async (payload: string, holder: string) => store.enqueue([{ roomId, payload }], holder)
    await store.takeLease('alive', 'it', 60_000)
    await store.takeLease('killed', 'it', 1)
    await put('of the living', 'alive')
    await put('of the killed', 'killed')
    await put('of the stopped', 'stopped')
    await put('mine', 'me')
    await wait(20)
    const texts = (items: readonly { readonly payload: string }[]) => items.map(({ payload }) => payload)
    expect(texts(await store.claimInbox('me', 1))).toEqual(['of the killed'])
    expect(texts(await store.claimInbox('me', 10))).toEqual(['of the stopped'])
    expect(await store.claimInbox('me', 10)).toEqual([])
    const held = await store.heldInbox('me', 0, 10)
    expect(texts(held)).toEqual(['of the killed', 'of the stopped', 'mine'])
    expect(texts(await store.heldInbox('me', held[0]!.position, 1))).toEqual(['of the stopped'])
    // Two that claim at once do not get the same.
    await store.takeLease('me', 'it', 60_000)
    await store.releaseLease('alive', 'it')
    await store.takeLease('a', 'it', 60_000)
    await store.takeLease('b', 'it', 60_000)
    const both = await Promise.all([store.claimInbox('a', 10), store.claimInbox('b', 10)])
    expect(texts(both.flat())).toEqual(['of the living'])
  })

  it('forgets leases that ran out long ago', async () => {
    await using store = await open()
    await store.takeLease('old', 'it', -60_000)
    await store.takeLease('young', 'it', 60_000)
    await store.dropExpiredLeases(30_000)
    expect(await store.takeLease('young', 'other', 1)).toBe(false)
  })

  it('puts outputs and their events together, in the order of commits', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const other = await storedRoom(store)
    const event = await newEvent(store, room)
    const bare = output(room, 2, 0 as EventNid, '{"peek":1}')
    const carried = output(room, 1, event.nid, '{"x":1}')
    await store1(store, writeSet(room, { events: [event], outputs: [carried, bare] }))
    await store1(
      store,
      writeSet(other, { outputs: [{ ...output(other, 1, 0 as EventNid), kind: 'retire_peek' }] }),
    )
    const outputs = await store.outputs(0, 10)
    expect(outputs).toMatchObject([
      { ...carried, roomId: room.roomId, version: '10', eventId: event.eventId, eventJson: event.json },
      { ...bare, roomId: room.roomId, eventId: undefined, eventJson: undefined },
      { roomId: other.roomId, seq: 1, kind: 'retire_peek' },
    ])
    const positions = outputs.map(({ position }) => position)
    expect(positions).toEqual(positions.toSorted((a, b) => a - b))
    expect(await store.outputs(positions[1]!, 10)).toHaveLength(1)
    expect(await store.nextOutputs([], 2)).toEqual(outputs.slice(0, 2))
    expect(await store.nextOutputs(positions.slice(0, 1), 1)).toEqual(outputs.slice(1, 2))
    expect(await store.outputs(0, 10)).toEqual(outputs.slice(1))
    await store.dropOutputs(positions.slice(0, 2))
    expect(await store.outputs(0, 10)).toHaveLength(1)
  })

  it('drops the oldest outputs by their number and their age, slice by slice, and tells which is first', async () => {
    await using store = await open()
    expect(await store.latestOutput()).toBe(0)
    const room = await storedRoom(store)
    const outputs = Array.from({ length: 10 }, (_, index) => output(room, index + 1, 0 as EventNid))
    await store1(store, writeSet(room, { next: { ...room, outputSeq: 10 }, outputs }))
    const [first] = (await store.outputs(0, 1)).map(({ position }) => position)
    const base = (first ?? 1) - 1
    const seqs = async () => (await store.outputs(0, 100)).map(({ seq }) => seq)
    expect(
      await store.trimOutputs({ maxCount: 10, maxAgeMs: 1_000, maxBytes: 1e6 }, 1_000, 100),
    ).toMatchObject({ dropped: 0 })
    expect(await store.firstOutput()).toBe(1)
    expect(await store.trimOutputs({ maxCount: 6, maxAgeMs: 1_000, maxBytes: 1e6 }, 1_000, 3)).toMatchObject({
      dropped: 3,
    })
    expect(await store.firstOutput()).toBe(base + 4)
    expect(await store.trimOutputs({ maxCount: 6, maxAgeMs: 1_000, maxBytes: 1e6 }, 1_000, 3)).toMatchObject({
      dropped: 1,
    })
    expect(await seqs()).toEqual([5, 6, 7, 8, 9, 10])
    // Noted at 1,000 ms: all of these were there. The latest stays, so that a reader sees what is gone.
    expect(
      await store.trimOutputs({ maxCount: 100, maxAgeMs: 1_000, maxBytes: 1e6 }, 1_999, 100),
    ).toMatchObject({ dropped: 0 })
    expect(
      await store.trimOutputs({ maxCount: 100, maxAgeMs: 1_000, maxBytes: 1e6 }, 2_000, 100),
    ).toMatchObject({ dropped: 5 })
    expect(await seqs()).toEqual([10])
    expect(await store.firstOutput()).toBe(base + 10)
    expect(await store.latestOutput()).toBe(base + 10)
    await store.dropOutputs([base + 10])
    expect(await store.latestOutput()).toBe(base + 9)
    expect(await store.trimOutputs({ maxCount: 1, maxAgeMs: 1, maxBytes: 1e6 }, 9_000, 100)).toMatchObject({
      dropped: 0,
    })
  })

  it('drops the oldest outputs by their bytes, however unequal they are, and says how many there are', async () => {
    await using store = await open()
    let room = await storedRoom(store)
    const send = async (sizes: readonly number[]) => {
      const outputs = sizes.map((size, index) => ({
        ...output(room, room.outputSeq + index + 1, 0 as EventNid),
        body: 'ü'.repeat(size / 2),
      }))
      const next = { ...room, outputSeq: room.outputSeq + sizes.length }
      room = await store1(store, writeSet(room, { next, outputs }))
    }
    const trim = (maxBytes: number) => store.trimOutputs({ maxCount: 100, maxAgeMs: 1e6, maxBytes }, 1e9, 100)
    const seqs = async () => (await store.outputs(0, 100)).map(({ seq }) => seq)
    await send([100, 200, 300, 400])
    expect(await trim(1_000)).toEqual({ dropped: 0, bytes: 1_000 })
    await send([500, 20])
    // 20 + 500 + 400 and not 300 more, which were there at the look before.
    expect(await trim(1_000)).toMatchObject({ dropped: 3 })
    expect(await seqs()).toEqual([4, 5, 6])
    expect(await trim(1_000)).toMatchObject({ dropped: 0 })
    await send([60])
    await send([30, 10])
    expect(await trim(1_000)).toMatchObject({ dropped: 1 })
    expect(await seqs()).toEqual([5, 6, 7, 8, 9])
    expect(await trim(100)).toEqual({ dropped: 2, bytes: 100 })
    expect(await seqs()).toEqual([7, 8, 9])
    // The latest stays, so that a reader sees what is gone.
    await send([5_000])
    expect(await trim(1_000)).toMatchObject({ dropped: 3 })
    expect(await seqs()).toEqual([10])
    expect(await trim(1)).toMatchObject({ dropped: 0 })
  })
}
