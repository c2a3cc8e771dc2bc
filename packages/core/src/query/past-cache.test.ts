import type { EventNid, EventRecord } from '@roomserver/types'
import { expect, it } from 'vitest'
import { pastCache } from './past-cache.ts'

const row = (nid: number) => ({ nid: nid as EventNid })

it.each([
  ['what the cache does not have, each once', [1, 2, 3, 2], [[2, 3]], [1, 2, 3]],
  ['nothing where the cache has all of it', [1, 1], [], [1]],
  ['nothing for places without an event', [0, 1, 0], [], [1]],
  ['nothing where nothing is asked for', [], [], []],
  ['what does not exist, and leaves it out', [9, 1], [[9]], [1]],
])('reads %s', async (_what, nids, reads, found) => {
  const asked: (readonly number[])[] = []
  const cache = { event: (nid: EventNid) => (nid === row(1).nid ? (row(1) as EventRecord) : undefined) }
  const rows = await pastCache(cache, nids as EventNid[], async (missing) => {
    asked.push(missing)
    return missing.filter((nid) => nid < 9).map(row)
  })
  expect(asked).toEqual(reads)
  expect([...rows]).toEqual(found.map((nid) => [nid, row(nid)]))
})
