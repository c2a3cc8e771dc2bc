import type { RoomNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RoomEpochs } from './room-epochs.ts'

const nid = 7 as RoomNid

it('begins a new epoch only when somebody else moved the room on', () => {
  const epochs = new RoomEpochs()
  const start = epochs.of(nid)
  epochs.saw({ nid, revision: 3 })
  epochs.moves({ nid, revision: 4 })
  epochs.saw({ nid, revision: 4 })
  epochs.saw({ nid, revision: 3 })
  expect(epochs.of(nid)).toBe(start)
  epochs.saw({ nid, revision: 5 })
  expect(epochs.of(nid)).not.toBe(start)
})

it('begins a new epoch when a commit was lost to somebody else', () => {
  const epochs = new RoomEpochs()
  epochs.saw({ nid, revision: 3 })
  const start = epochs.of(nid)
  epochs.moves({ nid, revision: 4 })
  epochs.lost({ nid, revision: 3 })
  const lost = epochs.of(nid)
  expect(lost).not.toBe(start)
  epochs.saw({ nid, revision: 4 })
  expect(epochs.of(nid)).not.toBe(lost)
})

it('forgets in bulk rather than grow, and then trusts nothing that was cached', () => {
  const epochs = new RoomEpochs()
  epochs.saw({ nid, revision: 3 })
  const start = epochs.of(nid)
  for (let other = 100; other < 100_200; other++) epochs.saw({ nid: other as RoomNid, revision: 1 })
  expect(epochs.of(nid)).not.toBe(start)
})
