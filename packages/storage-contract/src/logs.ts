import { setTimeout as wait } from 'node:timers/promises'
import type { EventNid, RoomRecord } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { newEvent, newOutput, commitOne, storedRoom, writeSet } from './sample.ts'

/** The inbox and the output log. */
export function logContract(open: () => Promise<ContractStore>): void {
  it('keeps asynchronous input until the commit that settles it', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const items = ['one', 'two', 'three'].map((payload) => ({ roomId: room.roomId, payload }))
    const positions = await store.enqueue(items, 'one')
    expect(await store.inbox(0, 10)).toEqual(items.map((item, at) => ({ ...item, position: positions[at] })))
    expect(await store.inbox(positions[0]!, 1)).toEqual([{ ...items[1], position: positions[1] }])
    await commitOne(store, writeSet(room, { inboxDone: [positions[0]!, positions[1]!] }))
    expect(await store.inbox(0, 10)).toEqual([{ ...items[2], position: positions[2] }])
    await store.dropInbox([positions[2]!])
    expect(await store.inbox(0, 10)).toEqual([])
    expect(await store.enqueue([], 'one')).toEqual([])
  })

  it('leaves the input where it is when its commit fails', async () => {
    await using store = await open()
    const room = await storedRoom(store)
    const positions = await store.enqueue([{ roomId: room.roomId, payload: '{}' }], 'one')
    await commitOne(store, writeSet(room))
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

  it('gives what is claimed in the order in which it came', async () => {
    await using store = await open()
    const { roomId } = await storedRoom(store)
    const came = Array.from({ length: 12 }, (_, index) => `${index}`)
    for (const payload of came) await store.enqueue([{ roomId, payload }], 'stopped')
    const claimed = await store.claimInbox('me', 20)
    expect(claimed.map(({ payload }) => payload)).toEqual(came)
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
    const bare = newOutput(room, 2, 0 as EventNid, '{"peek":1}')
    const carried = newOutput(room, 1, event.nid, '{"x":1}')
    await commitOne(store, writeSet(room, { events: [event], outputs: [carried, bare] }))
    await commitOne(
      store,
      writeSet(other, { outputs: [{ ...newOutput(other, 1, 0 as EventNid), kind: 'retire_peek' }] }),
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
    const delivered = positions.map((position, index) => ({ position, sequence: 101 + index }))
    expect(await store.nextOutputs([], 2)).toMatchObject(outputs.slice(0, 2))
    expect(await store.nextOutputs(delivered.slice(0, 1), 1)).toMatchObject(outputs.slice(1, 2))
    expect(await store.outputs(0, 10)).toEqual(outputs.slice(1))
    await store.recordDelivered(delivered.slice(0, 2))
    expect(await store.outputs(0, 10)).toHaveLength(1)
  })

  describe('outputs that were delivered', () => {
    const bodyOf = (seq: number) => 'ü'.repeat(50 * seq)

    /** Delivers the outputs of a room in the order in which they were written, from a number of the stream on. */
    async function deliver(store: ContractStore, count: number, firstSequence: number): Promise<RoomRecord> {
      const room = await storedRoom(store)
      const outputs = Array.from({ length: count }, (_, index) =>
        newOutput(room, index + 1, 0 as EventNid, bodyOf(index + 1)),
      )
      const stored = await commitOne(store, writeSet(room, { next: { ...room, outputSeq: count }, outputs }))
      const waiting = await store.waitingOutputs(0, 1_000)
      const delivered = waiting.map(({ position }, index) => ({ position, sequence: firstSequence + index }))
      expect(await store.nextOutputs(delivered, 10)).toEqual([])
      return stored
    }

    it('are kept, and go back to those that wait, as they were, from a number of the stream on', async () => {
      await using store = await open()
      const room = await storedRoom(store)
      const event = await newEvent(store, room)
      const written = [1, 2, 3, 4].map((seq) => newOutput(room, seq, event.nid, bodyOf(seq)))
      await commitOne(store, writeSet(room, { events: [event], outputs: written }))
      const before = await store.waitingOutputs(0, 10)
      expect(await store.deliveredRange()).toEqual({ first: 0, last: 0 })
      await store.recordDelivered(before.map(({ position }, index) => ({ position, sequence: 11 + index })))
      expect(await store.outputs(0, 10)).toEqual([])
      expect(await store.countWaitingOutputs(9)).toBe(0)
      expect(await store.deliveredRange()).toEqual({ first: 11, last: 14 })
      // The first come first, so that who is interrupted finds the others still to be done.
      expect(await store.requeueDelivered(12, 2)).toBe(2)
      expect((await store.outputs(0, 10)).map(({ seq }) => seq)).toEqual([2, 3])
      expect(await store.deliveredRange()).toEqual({ first: 11, last: 14 })
      expect(await store.requeueDelivered(12, 2)).toBe(1)
      expect(await store.requeueDelivered(12, 2)).toBe(0)
      const after = await store.waitingOutputs(0, 10)
      expect(after).toEqual(before.slice(1).map((row) => ({ ...row, firstWaiting: 2 })))
      expect(await store.countWaitingOutputs(2)).toBe(2)
      expect(await store.forgetDelivered(9)).toBe(1)
    })

    it('stay one when they are recorded again, as after a lost answer', async () => {
      await using store = await open()
      await deliver(store, 2, 5)
      const [waiting] = [await store.waitingOutputs(0, 10)]
      expect(await store.nextOutputs([{ position: 1, sequence: 5 }], 10)).toEqual(waiting)
      expect(await store.deliveredRange()).toEqual({ first: 5, last: 6 })
    })

    it('are deleted by age and by bytes, a slice at a time, never the last', async () => {
      await using store = await open()
      await deliver(store, 10, 1)
      const first = async () => (await store.deliveredRange()).first
      const [EARLY, LATE] = [0, 1e15]
      const trim = (now: number, maxBytes: number, slice = 100) =>
        store.trimDelivered({ maxAgeMs: 1_000, maxBytes }, now, slice)
      expect(await trim(EARLY, 5_500)).toBe(0)
      // 10 to 8 have 1,000 + 900 + 800 bytes, and 700 more are too many.
      expect(await trim(EARLY, 2_800, 4)).toBe(4)
      expect(await trim(EARLY, 2_800, 4)).toBe(3)
      expect(await first()).toBe(8)
      await deliver(store, 1, 11)
      expect(await trim(LATE, 1e9)).toBe(3)
      expect(await store.deliveredRange()).toEqual({ first: 11, last: 11 })
      expect(await trim(LATE, 0)).toBe(0)
    })

    it('say which of their room precede them and wait', async () => {
      await using store = await open()
      const [one, other] = [await storedRoom(store), await storedRoom(store)]
      for (const room of [one, other])
        await commitOne(
          store,
          writeSet(room, { outputs: [1, 2, 3].map((seq) => newOutput(room, seq, 0 as EventNid)) }),
        )
      const [first, second, third] = await store.nextOutputs([], 10)
      const delivered = [first, second].map((row, index) => ({
        position: row?.position ?? 0,
        sequence: index + 1,
      }))
      const left = await store.nextOutputs(delivered, 10)
      expect(left.map(({ roomNid, seq, firstWaiting }) => [roomNid, seq, firstWaiting])).toEqual([
        [one.nid, 3, 3],
        [other.nid, 1, 1],
        [other.nid, 2, 1],
        [other.nid, 3, 1],
      ])
      expect(await store.waitingOutputs(third?.position ?? 0, 1)).toMatchObject([{ seq: 1, firstWaiting: 1 }])
    })

    it('are known with the stream that they went to', async () => {
      await using store = await open()
      expect(await store.streamRecord()).toBeUndefined()
      const record = {
        name: 'S',
        created: 'now',
        lastSequence: 7,
        unread: 3,
        purged: 0,
        consumers: '[]',
      }
      await store.putStreamRecord(record)
      await store.putStreamRecord({ ...record, lastSequence: 8 })
      expect(await store.streamRecord()).toEqual({ ...record, lastSequence: 8 })
      await store.putStreamRecord({ ...record, name: 'T' })
      expect(await store.streamRecord()).toEqual({ ...record, name: 'T' })
    })
  })

  describe('the epochs of the output log', () => {
    const NOW = 1_700_000_000_000

    async function write(store: ContractStore, count: number): Promise<readonly number[]> {
      const room = await storedRoom(store)
      const outputs = Array.from({ length: count }, (_, index) => newOutput(room, index + 1, 0 as EventNid))
      await commitOne(store, writeSet(room, { outputs }))
      const found = await store.outputs(0, 1_000)
      return found.slice(-count).map(({ position }) => position)
    }

    it('begin with the first, in which positions are as they always were', async () => {
      await using store = await open()
      const [first] = await store.outputEpochs()
      expect(first).toMatchObject({ name: expect.stringMatching(/^[0-9a-f]{12}$/), firstPosition: 1 })
      await store.beginEpochOfProcess(NOW)
      expect(await store.outputEpochs()).toEqual([first])
      expect(await write(store, 3)).toEqual([1, 2, 3])
    })

    it('have positions of their own, so that one which was lost is known to be none of them', async () => {
      await using store = await open()
      await store.beginEpochOfProcess(NOW)
      await write(store, 3)
      await store.beginEpochOfProcess(NOW)
      const [first, second] = await store.outputEpochs()
      expect(second?.name).not.toBe(first?.name)
      const [fourth = 0, fifth = 0] = await write(store, 2)
      expect([fourth, fifth]).toEqual([second?.firstPosition, fourth + 1])
      expect(fourth).toBeGreaterThan(60_000)
      const isKnown = async (after: number) => (await store.outputBounds(after)).isKnown
      const asked = [0, 2, 3, 4, 50, fourth - 1, fourth, fifth, fifth + 1]
      expect(await Promise.all(asked.map(isKnown))).toEqual([
        true,
        true,
        true,
        false,
        false,
        false,
        true,
        true,
        false,
      ])
      expect(await store.outputBounds(0)).toMatchObject({ first: 1, last: fifth })
    })

    it('do not count as outputs when the oldest are dropped by their number', async () => {
      await using store = await open()
      await store.beginEpochOfProcess(NOW)
      await write(store, 5)
      await store.beginOutputEpoch('test', NOW)
      await write(store, 4)
      const retention = { maxCount: 6, maxAgeMs: 1e15, maxBytes: 1e9 }
      expect(await store.trimOutputs(retention, NOW, 100)).toMatchObject({ dropped: 3 })
      expect(await store.outputs(0, 100)).toHaveLength(6)
      expect(await store.outputBounds(0)).toMatchObject({ first: 4 })
      expect(await store.trimOutputs({ ...retention, maxCount: 2 }, NOW, 100)).toMatchObject({ dropped: 4 })
      // Those of which nothing is kept are forgotten.
      await store.beginOutputEpoch('test', NOW)
      expect(await store.outputEpochs()).toHaveLength(2)
    })
  })

  it('drops the oldest outputs by their number and their age, slice by slice, and tells which is first', async () => {
    await using store = await open()
    expect(await store.latestOutput()).toBe(0)
    const room = await storedRoom(store)
    const outputs = Array.from({ length: 10 }, (_, index) => newOutput(room, index + 1, 0 as EventNid))
    await commitOne(store, writeSet(room, { next: { ...room, outputSeq: 10 }, outputs }))
    const [first] = (await store.outputs(0, 1)).map(({ position }) => position)
    const base = (first ?? 1) - 1
    const seqs = async () => (await store.outputs(0, 100)).map(({ seq }) => seq)
    expect(
      await store.trimOutputs({ maxCount: 10, maxAgeMs: 1_000, maxBytes: 1e6 }, 1_000, 100),
    ).toMatchObject({ dropped: 0 })
    expect((await store.outputBounds(0)).first).toBe(1)
    expect(await store.trimOutputs({ maxCount: 6, maxAgeMs: 1_000, maxBytes: 1e6 }, 1_000, 3)).toMatchObject({
      dropped: 3,
    })
    expect((await store.outputBounds(0)).first).toBe(base + 4)
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
    expect((await store.outputBounds(0)).first).toBe(base + 10)
    expect(await store.latestOutput()).toBe(base + 10)
    await store.recordDelivered([{ position: base + 10, sequence: 1 }])
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
        ...newOutput(room, room.outputSeq + index + 1, 0 as EventNid),
        body: 'ü'.repeat(size / 2),
      }))
      const next = { ...room, outputSeq: room.outputSeq + sizes.length }
      room = await commitOne(store, writeSet(room, { next, outputs }))
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
