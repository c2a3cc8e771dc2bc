import {
  type BlockNid,
  type BlockRecord,
  type EventTypeNid,
  NO_NID,
  type PurgeAtStep,
  type PurgeRecord,
  type RoomId,
  type RoomNid,
  type RoomRecord,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'
import { commitOne, newEvent, newKey, newOutput, newRoom, writeSet } from './sample.ts'

const MEMBER = 5 as EventTypeNid
const ANNE = '@anne:a.example'
const BOB = 66_000 as StateKeyNid

const wished = (roomId: RoomId, changes: Partial<PurgeRecord> = {}) => ({
  roomId,
  roomNid: NO_NID as RoomNid,
  by: '@admin:a.example',
  isForced: true,
  step: 'waiting' as const,
  reason: '',
  events: 3,
  deletedEvents: 0,
  ...changes,
})

async function purgeOf(store: ContractStore, roomId: RoomId): Promise<PurgeAtStep> {
  const purge = (await store.purges()).find((one) => one.roomId === roomId)
  if (purge === undefined) throw new Error(`no purge of ${roomId}`)
  return purge
}

/** Begins a purge and takes the room out. */
async function takeOut(store: ContractStore, { roomId }: RoomRecord): Promise<PurgeRecord> {
  expect(await store.beginPurge(wished(roomId))).toBe(true)
  expect(await store.detachRoom(await purgeOf(store, roomId))).toBe(true)
  return await purgeOf(store, roomId)
}

async function deleteAll(store: ContractStore, purge: PurgeRecord): Promise<void> {
  for await (const _ of store.purgeRows(purge));
}

let made = 0

async function block(store: ContractStore, ...entries: number[]): Promise<BlockRecord> {
  const hash = `b${++made}`.padStart(32, '0')
  return { nid: await store.allocate('block', 1), hash, entries: Float64Array.from(entries) }
}

async function snapshot(
  store: ContractStore,
  room: RoomRecord,
  blocks: readonly BlockNid[],
): Promise<SnapshotRecord> {
  const hash = `d${++made}`.padStart(32, '0')
  return { nid: await store.allocate('snapshot', 1), hash, roomNid: room.nid, blocks }
}

/** A room with everything that can be stored of one: three events, two of which were announced, and two states. */
async function completeRoom(store: ContractStore, shared: readonly BlockRecord[] = []): Promise<RoomRecord> {
  const room = await newRoom(store)
  const anne = await newKey(store, ANNE)
  const join = await newEvent(store, room, { typeNid: MEMBER, stateKeyNid: anne.nid })
  const invite = await newEvent(store, room, { typeNid: MEMBER, stateKeyNid: BOB })
  const redaction = await newEvent(store, room, {
    json: JSON.stringify({ type: 'm.room.redaction', prev_events: [`$gone-${room.nid}`] }),
  })
  const blocks = [await block(store, MEMBER, anne.nid, join.nid), await block(store, MEMBER, BOB, invite.nid)]
  const inherited = shared.map(({ nid }) => nid)
  const none = await snapshot(store, room, inherited)
  const current = await snapshot(store, room, [...inherited, ...blocks.map(({ nid }) => nid)])
  const roomNid = room.nid
  const stored = await commitOne(
    store,
    writeSet(room, {
      next: {
        ...room,
        current: current.nid,
        extremities: [redaction.nid],
        lastSent: redaction.nid,
        depth: 7,
        outputSeq: 2,
      },
      stateKeys: [anne],
      events: [join, invite, redaction].map((event) => ({ ...event, before: none.nid, after: current.nid })),
      blocks,
      snapshots: [none, current],
      memberships: [
        { roomNid, user: anne.nid, membership: 'join', event: join.nid, local: true, forgotten: false },
      ],
      outputs: [join, invite].map(({ nid }, index) => newOutput(room, index + 1, nid)),
      invites: [{ roomNid, event: invite.nid, target: BOB, sender: anne.nid }],
      redactions: [{ redaction: redaction.nid, roomNid, redacts: `$target-${room.nid}`, applied: false }],
      missingPrevEvents: [{ prev: `$gone-${room.nid}`, by: redaction.nid }],
      remoteStates: [{ event: redaction.nid, roomNid, waitsFor: redaction.nid, isVerified: false }],
      transactions: [{ sessionId: 1, transactionId: `t${room.nid}`, user: ANNE, eventId: invite.eventId }],
    }),
  )
  await store.addAlias(`#alias-${room.nid}:a.example`, room.roomId, ANNE)
  await store.publish(room.roomId, true)
  await store.enqueue([{ roomId: room.roomId, payload: '{}' }], 'somebody')
  return stored
}

/** Deleting rooms. */
export function purgeContract(open: () => Promise<ContractStore>): void {
  it('deletes everything of a room, and nothing of another that shares blocks with it', async () => {
    await using store = await open()
    const shared = await block(store, MEMBER, 66_001, NO_NID)
    await commitOne(store, writeSet(await newRoom(store), { blocks: [shared] }))
    const [purged, other] = [await completeRoom(store, [shared]), await completeRoom(store, [shared])]
    const estimate = await store.purgeEstimate(purged.nid)
    expect(estimate).toMatchObject({ events: 3, snapshots: 2, blocks: 3, outputs: 2 })
    expect(estimate.bytes).toBeGreaterThan(100)
    const estimateOfOther = await store.purgeEstimate(other.nid)
    const events = await store.eventsOfRoom(purged.nid, NO_NID, 10)
    const purge = await takeOut(store, purged)
    expect(purge).toMatchObject({ roomNid: purged.nid, step: 'deleting' })
    await deleteAll(store, purge)
    expect(await store.purgeEstimate(purged.nid)).toMatchObject({ events: 0, snapshots: 0, outputs: 0 })
    expect(await store.purgeEstimate(other.nid)).toEqual(estimateOfOther)
    expect(await store.blocks([shared.nid])).toHaveLength(1)
    expect(await store.mentions(events.map(({ eventId }) => eventId))).toEqual([])
    expect(await store.mentions([`$gone-${purged.nid}`, `$target-${purged.nid}`])).toEqual([])
    expect(await store.mentions([`$gone-${other.nid}`, `$target-${other.nid}`])).toHaveLength(2)
    expect(await store.transactionEvent(1, `t${purged.nid}`, ANNE)).toBeUndefined()
    expect(await store.transactionEvent(1, `t${other.nid}`, ANNE)).toBeDefined()
    expect(await store.aliasesOfRoom(purged.roomId)).toEqual([])
    expect(await store.publishedRooms()).toEqual([other.roomId])
    expect((await store.inbox(0, 10)).map(({ roomId }) => roomId)).toEqual([other.roomId])
    expect(await purgeOf(store, purged.roomId)).toMatchObject({ deletedEvents: 3 })
  })

  it('leaves the number of the last output, and nothing that was decided before can be committed', async () => {
    await using store = await open()
    const room = await completeRoom(store)
    await takeOut(store, room)
    expect(await store.commit([writeSet(room)])).toEqual([{ kind: 'conflict', over: 'room' }])
    const left = await store.room(room.roomId)
    expect(left).toMatchObject({ current: NO_NID, extremities: [], lastSent: NO_NID, depth: 0, outputSeq: 2 })
    expect(left?.nid).not.toBe(room.nid)
    expect(left?.revision).toBeGreaterThan(room.revision)
    expect(await store.roomsByNid([room.nid])).toEqual([])
    expect(await store.roomsOfUser(ANNE)).toEqual([])
    expect(await store.remoteStates(room.nid)).toEqual([])
  })

  it('goes on where it was interrupted', async () => {
    await using store = await open()
    const [room, other] = [await completeRoom(store), await completeRoom(store)]
    const purge = await takeOut(store, room)
    for (let stopAt = 1; ; stopAt++) {
      let slices = 0
      for await (const _ of store.purgeRows(purge)) if (++slices === stopAt) break
      if (slices < stopAt) break
    }
    expect(await store.purgeEstimate(room.nid)).toMatchObject({ events: 0, snapshots: 0, outputs: 0 })
    expect(await purgeOf(store, room.roomId)).toMatchObject({ deletedEvents: 3 })
    expect((await store.room(other.roomId))?.nid).toBe(other.nid)
  })

  it('keeps the latest output of the log, so that readers can go on behind it', async () => {
    await using store = await open()
    const room = await completeRoom(store)
    const latest = await store.latestOutput()
    await deleteAll(store, await takeOut(store, room))
    expect(await store.latestOutput()).toBe(latest)
    expect(await store.outputs(0, 10)).toEqual([])
    expect(await store.outputBounds(latest)).toMatchObject({ isKnown: true })
  })

  it('does not purge a room that users of this server joined meanwhile, unless it is forced', async () => {
    await using store = await open()
    const room = await completeRoom(store)
    await store.beginPurge(wished(room.roomId, { isForced: false }))
    expect(await store.beginPurge(wished(room.roomId))).toBe(false)
    const purge = await purgeOf(store, room.roomId)
    expect(purge).toMatchObject(wished(room.roomId, { isForced: false }))
    expect(purge.stepAgeMs).toBeGreaterThanOrEqual(0)
    expect(await store.detachRoom(purge)).toBe(true)
    expect(await store.purges()).toMatchObject([{ step: 'refused', reason: expect.stringMatching(/./) }])
    expect((await store.room(room.roomId))?.nid).toBe(room.nid)
    expect(await store.beginPurge(wished(room.roomId))).toBe(true)
    expect(await store.purges()).toMatchObject([{ step: 'waiting', isForced: true }])
  })

  it('keeps how a purge stands until it is dropped', async () => {
    await using store = await open()
    const room = await completeRoom(store)
    const purge = await takeOut(store, room)
    await store.enterPurgeStep(purge, 'settling')
    expect(await store.purges()).toMatchObject([{ step: 'settling', roomNid: room.nid, by: purge.by }])
    expect(await store.beginPurge(wished(room.roomId))).toBe(false)
    await store.enterPurgeStep(purge, 'done')
    expect(await store.purges()).toMatchObject([{ step: 'done', roomNid: room.nid }])
    await store.dropPurge(room.roomId)
    expect(await store.purges()).toEqual([])
  })

  it('is over at once where the room is not stored', async () => {
    await using store = await open()
    expect(await store.beginPurge(wished('!nowhere:a.example'))).toBe(true)
    expect(await store.detachRoom(await purgeOf(store, '!nowhere:a.example'))).toBe(true)
    expect(await store.purges()).toMatchObject([{ step: 'done' }])
  })

  it('deletes nothing of a room that is stored, whatever the table of purges says', async () => {
    await using store = await open()
    const room = await completeRoom(store)
    const purge = { ...wished('!other:a.example'), roomNid: room.nid, sinceTs: 1, stepTs: 1 }
    await expect(deleteAll(store, purge)).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
    expect(await store.purgeEstimate(room.nid)).toMatchObject({ events: 3 })
  })

  it('knows whether outputs of a room wait', async () => {
    await using store = await open()
    const room = await completeRoom(store)
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
