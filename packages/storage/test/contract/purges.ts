import {
  NO_NID,
  type PurgeRecord,
  type RoomNid,
  type RoomRecord,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { newEvent, newRoom, store1, writeSet } from './sample.ts'
import { block, build, findings, MEMBER, snapshot } from './upkeep.ts'

const wished = (roomId: string, changes: Partial<PurgeRecord> = {}) => ({
  roomId,
  roomNid: NO_NID as RoomNid,
  by: '@admin:a',
  isForced: true,
  step: 'waiting' as const,
  reason: '',
  events: 3,
  deletedEvents: 0,
  ...changes,
})

/** Begins a purge and takes the room out. */
async function takeOut(store: Storage, { roomId }: RoomRecord): Promise<PurgeRecord> {
  expect(await store.beginPurge(wished(roomId))).toBe(true)
  const waiting = (await store.purges()).find((purge) => purge.roomId === roomId)
  if (waiting === undefined) throw new Error('no purge')
  expect(await store.detachRoom(waiting)).toBe(true)
  const [purge] = (await store.purges()).filter((one) => one.roomId === roomId)
  if (purge === undefined) throw new Error('no purge')
  return purge
}

async function deleteAll(store: Storage, purge: PurgeRecord): Promise<number> {
  let slices = 0
  for await (const _ of store.purgeRows(purge)) slices++
  return slices
}

/** A room with everything that can be stored of one. */
async function richRoom(store: Storage, shared: SnapshotRecord['blocks'] = []): Promise<RoomRecord> {
  const room = await build(store)
  const invite = await newEvent(store, room, { typeNid: MEMBER, stateKeyNid: 65_600 as StateKeyNid })
  const redaction = await newEvent(store, room, {
    json: JSON.stringify({ type: 'm.room.redaction', prev_events: [[`$gone-${room.nid}`, {}]] }),
  })
  const own = await block(store, MEMBER, 65_600, invite.nid)
  const state = await snapshot(store, room, own)
  const stored = await store1(
    store,
    writeSet(room, {
      events: [invite, redaction],
      blocks: [own],
      snapshots: [{ ...state, blocks: [...shared, own.nid] }],
      invites: [
        {
          roomNid: room.nid,
          event: invite.nid,
          target: 65_600 as StateKeyNid,
          sender: 65_601 as StateKeyNid,
        },
      ],
      redactions: [
        { redaction: redaction.nid, roomNid: room.nid, redacts: `$target-${room.nid}`, applied: false },
      ],
      missingPrevEvents: [{ prev: `$gone-${room.nid}`, by: redaction.nid }],
      remoteStates: [{ event: redaction.nid, roomNid: room.nid, waitsFor: redaction.nid, isVerified: false }],
      transactions: [
        { sessionId: 1, transactionId: `t${room.nid}`, user: '@anne:a.example', eventId: invite.eventId },
      ],
    }),
  )
  await store.addAlias(`#alias-${room.nid}:a`, room.roomId, '@anne:a.example')
  await store.publish(room.roomId, true)
  await store.enqueue([{ roomId: room.roomId, payload: '{}' }], 'somebody')
  return stored
}

/** Deleting rooms. */
export function purgeContract(open: () => Promise<Storage>): void {
  it('deletes everything of a room, and nothing of another that shares blocks with it', async () => {
    await using store = await open()
    const gone = await block(store, MEMBER, 65_601, 0)
    await store1(store, writeSet(await newRoom(store), { blocks: [gone] }))
    const [purged, other] = [await richRoom(store, [gone.nid]), await richRoom(store, [gone.nid])]
    const estimate = await store.purgeEstimate(purged.nid)
    expect(estimate).toMatchObject({ events: 5, snapshots: 4, blocks: 4, outputs: 2 })
    expect(estimate.bytes).toBeGreaterThan(500)
    const whole = await store.purgeEstimate(other.nid)
    const events = await store.eventsOfRoom(purged.nid, NO_NID, 10)
    const purge = await takeOut(store, purged)
    expect(purge).toMatchObject({ roomNid: purged.nid, step: 'deleting' })
    await deleteAll(store, purge)
    expect(await store.purgeEstimate(purged.nid)).toMatchObject({ events: 0, snapshots: 0, outputs: 0 })
    expect(await store.purgeEstimate(other.nid)).toEqual(whole)
    expect(await store.blocks([gone.nid])).toHaveLength(1)
    expect(await store.mentions(events.map(({ eventId }) => eventId))).toEqual([])
    expect(await store.mentions([`$gone-${purged.nid}`, `$target-${purged.nid}`])).toEqual([])
    expect(await store.mentions([`$gone-${other.nid}`, `$target-${other.nid}`])).toHaveLength(2)
    expect(await store.transactionEvent(1, `t${purged.nid}`, '@anne:a.example')).toBeUndefined()
    expect(await store.transactionEvent(1, `t${other.nid}`, '@anne:a.example')).toBeDefined()
    expect(await store.aliasesOfRoom(purged.roomId)).toEqual([])
    expect(await store.publishedRooms()).toEqual([other.roomId])
    expect((await store.inbox(0, 10)).map(({ roomId }) => roomId)).toEqual([other.roomId])
    expect(await store.lostRooms()).toEqual([])
    expect((await store.purges())[0]).toMatchObject({ deletedEvents: 5 })
  })

  it('leaves the number of the last output, and nothing that was decided before can be committed', async () => {
    await using store = await open()
    const room = await build(store)
    const purge = await takeOut(store, room)
    expect(await store.commit([writeSet(room, { outputs: [] })])).toEqual([
      { kind: 'conflict', over: 'room' },
    ])
    const left = await store.room(room.roomId)
    expect(left).toMatchObject({ current: NO_NID, extremities: [], lastSent: NO_NID, depth: 0, outputSeq: 2 })
    expect(left?.nid).not.toBe(room.nid)
    expect(left?.revision).toBeGreaterThan(room.revision)
    expect(await store.roomsByNid([room.nid])).toEqual([])
    expect(await store.roomsOfUser('@anne:a.example')).toEqual([])
    await deleteAll(store, purge)
    expect(await findings(store)).toEqual([])
    expect(await store.looseRows()).toEqual([])
  })

  it('goes on where it was interrupted, and is not taken for damage meanwhile', async () => {
    await using store = await open()
    const [room, other] = [await build(store), await build(store)]
    const latest = await store.latestOutput()
    const purge = await takeOut(store, room)
    const slices: number[] = []
    for (let stopAt = 1; ; stopAt++) {
      expect(await store.lostRooms()).toEqual([])
      expect(await store.looseRows()).toEqual([])
      let slice = 0
      for await (const _ of store.purgeRows(purge)) if (++slice === stopAt) break
      slices.push(slice)
      if (slice < stopAt) break
    }
    expect(slices.length).toBeGreaterThan(5)
    expect(await store.purgeEstimate(room.nid)).toMatchObject({ events: 0, snapshots: 0, outputs: 0 })
    expect(await findings(store)).toEqual([])
    expect((await store.room(other.roomId))?.nid).toBe(other.nid)
    expect(await store.latestOutput()).toBe(latest)
    await store.dropPurge(room.roomId)
    expect(await store.looseRows()).toEqual([])
  })

  it('keeps the latest output of the log, so that readers can go on behind it', async () => {
    await using store = await open()
    const room = await build(store)
    const latest = await store.latestOutput()
    await deleteAll(store, await takeOut(store, room))
    expect(await store.latestOutput()).toBe(latest)
    expect(await store.outputs(0, 10)).toEqual([])
    expect(await store.outputBounds(latest)).toMatchObject({ isKnown: true })
    await store.dropPurge(room.roomId)
    expect(await store.looseRows()).toEqual([])
  })

  it('does not purge a room that users of this server joined meanwhile, unless it is forced', async () => {
    await using store = await open()
    const room = await build(store)
    await store.beginPurge(wished(room.roomId, { isForced: false }))
    expect(await store.beginPurge(wished(room.roomId))).toBe(false)
    const [purge] = await store.purges()
    expect(purge).toMatchObject({ ...wished(room.roomId, { isForced: false }) })
    expect(purge?.stepAgeMs).toBeGreaterThanOrEqual(0)
    expect(await store.detachRoom(purge!)).toBe(true)
    expect(await store.purges()).toMatchObject([{ step: 'refused', reason: /1 users of this server/ }])
    expect((await store.room(room.roomId))?.nid).toBe(room.nid)
    expect(await store.beginPurge(wished(room.roomId))).toBe(true)
    expect(await store.purges()).toMatchObject([{ step: 'waiting', isForced: true }])
  })

  it('deletes nothing of a room that is stored, whatever the table of purges says', async () => {
    await using store = await open()
    const room = await build(store)
    const [purge] = [{ ...wished('!other:a'), roomNid: room.nid, sinceTs: 1, stepTs: 1 }]
    await expect(deleteAll(store, purge)).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
    expect(await store.purgeEstimate(room.nid)).toMatchObject({ events: 3 })
  })

  it('knows whether outputs of a room wait', async () => {
    await using store = await open()
    const room = await build(store)
    expect(await store.hasOutputs(room.roomId)).toBe(true)
    const outputs = await store.waitingOutputs(0, 10)
    await store.recordDelivered(outputs.map(({ position }, index) => ({ position, sequence: index + 1 })))
    expect(await store.hasOutputs(room.roomId)).toBe(false)
    // All but the latest of the delivered ones go as well, and that one is not sent again.
    await deleteAll(store, await takeOut(store, room))
    expect(await store.deliveredRange()).toEqual({ first: 2, last: 2 })
    expect(await store.requeueDelivered(1, 10)).toBe(1)
    expect(await store.countWaitingOutputs(10)).toBe(0)
  })
}
