import type { RoomNid, SnapshotNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { AnswerLists, type ListName } from './answer-lists.ts'
import { RoomEpochs } from './room-epochs.ts'

const room = 1 as RoomNid
const name = (snapshot: number): ListName => ({ kind: 'state', room, snapshot: snapshot as SnapshotNid })

function setUp() {
  const epochs = new RoomEpochs()
  epochs.saw({ nid: room, revision: 1 })
  const lists = new AnswerLists(epochs, 10_000)
  let made = 0
  const ask = async (snapshot: number, bytes = 1_000) =>
    (await lists.of(name(snapshot), async () => ({ list: [++made], bytes })))[0]
  return { epochs, lists, ask }
}

it('makes a list once for each state, until events of the room are rewritten', async () => {
  const { epochs, ask } = setUp()
  expect([await ask(7), await ask(7), await ask(8), await ask(7)]).toEqual([1, 1, 2, 1])
  epochs.moves({ nid: room, revision: 2 })
  expect(await ask(7)).toBe(1)
  epochs.rewrote(room)
  expect([await ask(7), await ask(7)]).toEqual([3, 3])
  epochs.saw({ nid: room, revision: 3 })
  expect(await ask(7)).toBe(4)
})

it('trusts no list in whose making events were rewritten', async () => {
  const { epochs, lists, ask } = setUp()
  await lists.of(name(7), async () => {
    epochs.rewrote(room)
    return { list: [0], bytes: 1 }
  })
  expect(await ask(7)).toBe(1)
})

it('keeps no list that takes most of the room, and stays within its bound', async () => {
  const { lists, ask } = setUp()
  expect([await ask(7, 6_000), await ask(7, 6_000)]).toEqual([1, 2])
  for (let snapshot = 10; snapshot < 100; snapshot++) await ask(snapshot)
  expect(lists.bytes).toBeLessThan(12_000)
})
