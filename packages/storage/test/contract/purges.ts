import { NO_NID, type PurgeAtStep, type RoomId, type RoomNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { build, findings } from './upkeep.ts'

/** Begins a purge and takes the room out. */
async function takeOut(store: Storage, roomId: RoomId): Promise<PurgeAtStep> {
  const nothing = { roomNid: NO_NID as RoomNid, reason: '', events: 3, deletedEvents: 0 }
  await store.beginPurge({ ...nothing, roomId, by: '@admin:a', isForced: true, step: 'waiting' })
  const [waiting] = await store.purges()
  expect(await store.detachRoom(waiting!)).toBe(true)
  const [purge] = await store.purges()
  return purge!
}

/** What checks say of rooms that are being deleted, or were. */
export function purgeContract(open: () => Promise<Storage>): void {
  it('goes on where it was interrupted, and is not taken for damage meanwhile', async () => {
    await using store = await open()
    const [room, other] = [await build(store), await build(store)]
    const latest = await store.latestOutput()
    const purge = await takeOut(store, room.roomId)
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

  it('keeps the latest output of the log, which is not taken for damage when its room is gone', async () => {
    await using store = await open()
    const room = await build(store)
    const latest = await store.latestOutput()
    for await (const _ of store.purgeRows(await takeOut(store, room.roomId)));
    expect(await store.latestOutput()).toBe(latest)
    expect(await store.looseRows()).toEqual([])
    expect(await store.lostRooms()).toEqual([])
    await store.dropPurge(room.roomId)
    expect(await store.looseRows()).toEqual([])
  })
}
