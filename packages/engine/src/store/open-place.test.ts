import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStorage } from '@roomserver/storage'
import { newRoom, NO_CHANGES, type RoomNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { FaultPoint } from '../fault-points.ts'
import { openPlace } from './open-place.ts'
import type { StorePlace } from './store-place.ts'

const room = newRoom({ nid: 1 as RoomNid, roomId: '!r:a', version: '10' })
const sets = [{ room, next: room, ...NO_CHANGES }]
const memory = { dialect: 'sqlite', file: ':memory:' } as const

it('opens a store of this process alone, and closes it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'place-')), 'rooms.db')
  const place: StorePlace = { kind: 'options', options: { dialect: 'sqlite', file } }
  const points: FaultPoint[] = []
  const opened = await openPlace(place, 'a', { atPoint: (point) => points.push(point) })
  expect(opened.isShared).toBe(false)
  points.length = 0
  await opened.storage.commit(sets)
  expect([...new Set(points)]).toEqual(['writing', 'committed'])
  await expect(openPlace(place, 'a', {})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await opened[Symbol.asyncDispose]()
  await using again = await openPlace(place, 'a', {})
  expect(await again.storage.rooms(0 as RoomNid, 10)).toMatchObject([{ roomId: '!r:a' }])
})

it('takes a store that it is given for one that others use as well, and leaves it open', async () => {
  await using store = await openStorage(memory)
  const points: FaultPoint[] = []
  {
    await using given = await openPlace({ kind: 'given', store }, 'a', {
      atPoint: (point) => points.push(point),
    })
    expect(given.isShared).toBe(true)
    await given.storage.commit(sets)
    expect(points).toEqual(['committed'])
  }
  expect(await store.serverName()).toBe('a')
  expect(await store.rooms(0 as RoomNid, 10)).toHaveLength(1)
  await expect(openPlace({ kind: 'given', store }, 'b', {})).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: 'serverName' },
  })
})

it('tells of no points where nobody asks', async () => {
  await using store = await openStorage(memory)
  const { storage } = await openPlace({ kind: 'given', store }, 'a', {})
  await storage.commit(sets)
  expect(await storage.rooms(0 as RoomNid, 10)).toHaveLength(1)
  expect(storage).not.toBe(store)
})
