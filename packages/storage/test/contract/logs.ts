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
    const positions = await store.enqueue(items)
    expect(await store.inbox(0, 10)).toEqual(items.map((item, at) => ({ ...item, position: positions[at] })))
    expect(await store.inbox(positions[0]!, 1)).toEqual([{ ...items[1], position: positions[1] }])
    await store1(store, writeSet(room, { inboxDone: [positions[0]!, positions[1]!] }))
    expect(await store.inbox(0, 10)).toEqual([{ ...items[2], position: positions[2] }])
    await store.dropInbox([positions[2]!])
    expect(await store.inbox(0, 10)).toEqual([])
    expect(await store.enqueue([])).toEqual([])
  })

  it('leaves the input where it is when its commit fails', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const positions = await store.enqueue([{ roomId: room.roomId, payload: '{}' }])
    await store1(store, writeSet(room))
    expect(await store.commit([writeSet(room, { inboxDone: positions })])).toMatchObject([
      { kind: 'conflict' },
    ])
    expect(await store.inbox(0, 10)).toHaveLength(1)
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
    await store.dropOutputs(positions.slice(0, 2))
    expect(await store.outputs(0, 10)).toHaveLength(1)
  })
}
