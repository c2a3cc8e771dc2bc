import { blockHash, snapshotHash } from '@roomserver/state'
import type { Collection, Storage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import type { RoomNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

const hashes = { blockHash, snapshotHash }

/** A room in which branches change different things, and the same thing, again and again; some rounds join them. */
async function overLimit(rounds: number): Promise<RoomBuilder> {
  const room = await RoomBuilder.create()
  for (let round = 0; round < rounds; round++) {
    const fork = room.extremities
    const tips = [
      await room.state('m.room.topic', '', { topic: `one ${round % 2}` }, { prev: fork }),
      await room.state('m.room.topic', '', { topic: `two ${round % 3}` }, { prev: fork }),
      await room.state('m.room.name', '', { name: `${round}` }, { prev: fork }),
      await room.state('m.room.avatar', '', { url: `mxc://a/${round}` }, { prev: fork }),
    ]
    if (round % 3 === 2) await room.message(`merge ${round}`, { prev: tips })
  }
  return room
}

async function collect(storage: Storage, nid: RoomNid): Promise<Collection> {
  await storage.noteUnreferenced(await storage.checkRoom(nid, hashes))
  return await storage.collectUnreferenced(-60_000)
}

async function findings(hs: Homeserver): Promise<readonly string[]> {
  const all: string[] = []
  for await (const check of hs.storage.check(hashes)) all.push(...check.findings.map(({ what }) => what))
  return all
}

it('leaves a store in which a check finds nothing, also where state is collected all the time', async () => {
  const room = await overLimit(12)
  await using plain = await Homeserver.start()
  await plain.takeAll(room.events)
  await using collected = await Homeserver.start()
  let given = 0
  for (const event of room.events) {
    await collected.take(event)
    const { nid } = await collected.room(room.roomId)
    const collection = await collect(collected.storage, nid)
    expect(collection.kind).toBe('collected')
    if (collection.kind === 'collected') given += collection.snapshots
  }
  expect(given).toBeGreaterThan(0)
  expect(await findings(plain)).toEqual([])
  expect(await findings(collected)).toEqual([])
  expect(await collected.current(room.roomId)).toEqual(await plain.current(room.roomId))
  expect(await collected.extremities(room.roomId)).toEqual(await plain.extremities(room.roomId))
})

it('stores a state again that was given back, when an event comes upon it once more', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const fork = room.extremities
  const topic = await room.state('m.room.topic', '', { topic: 'one branch' }, { prev: fork })
  const name = await room.state('m.room.name', '', { name: 'another' }, { prev: fork })
  await hs.takeAll(room.events)
  const { nid, current: both } = await hs.room(room.roomId)
  const avatar = await room.state('m.room.avatar', '', { url: 'mxc://a/third' }, { prev: fork })
  await hs.take(avatar)
  expect(await collect(hs.storage, nid)).toMatchObject({
    kind: 'collected',
    snapshots: 1,
  })
  expect(await hs.storage.snapshots([both])).toEqual([])

  const merge = await room.message('two of three', { prev: [name, topic] })
  expect(await hs.take(merge)).toMatchObject({ verdict: 'accepted' })
  expect(await findings(hs)).toEqual([])
})
