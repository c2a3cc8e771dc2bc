import {
  type CommitResult,
  newRoom,
  NO_CHANGES,
  type OutputRecord,
  type RoomNid,
  type WriteSet,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import { Committer } from './committer.ts'

const OUTPUT = { kind: 'new_peek' } as OutputRecord

/** What is to be written of the room with this number. */
function writeSet(number: number, outputs: readonly OutputRecord[] = []): WriteSet {
  const room = newRoom({ nid: number as RoomNid, roomId: `!${number}:a`, version: '10' })
  return { ...NO_CHANGES, room, next: room, outputs }
}

const committed = ({ room }: WriteSet): CommitResult => ({ kind: 'committed', revision: room.nid })

/** A store that notes which write sets came together, and writes them when the test says so. */
function noting(
  results: (sets: readonly WriteSet[]) => readonly CommitResult[] = (sets) => sets.map(committed),
) {
  const groups: (readonly WriteSet[])[] = []
  let gate = Promise.withResolvers<void>()
  const store = {
    commit: async (sets: readonly WriteSet[]) => {
      groups.push(sets)
      await gate.promise
      return results(sets)
    },
  }
  const sizes = () => groups.map(({ length }) => length)
  const write = () => {
    gate.resolve()
    gate = Promise.withResolvers()
  }
  return { store, sizes, write, open: () => gate.resolve() }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const many = (count: number) => Array.from({ length: count }, (_, number) => writeSet(number + 1))

it.each([
  [1, [1]],
  [256, [256]],
  [257, [256, 1]],
])('writes together what is ready in the same turn, so many at a time (%i)', async (count, expected) => {
  const { store, sizes, open } = noting()
  const committer = new Committer(store, undefined)
  open()
  const results = await Promise.all(many(count).map((set) => committer.commit(set)))
  expect(sizes()).toEqual(expected)
  // Each is told what came of its own.
  expect(results).toEqual(many(count).map(committed))
})

it('gathers while it writes', async () => {
  const { store, sizes, write } = noting()
  const committer = new Committer(store, undefined)
  const first = committer.commit(writeSet(1))
  await turn()
  await turn()
  const others = [2, 3].map((number) => committer.commit(writeSet(number)))
  await turn()
  expect(sizes()).toEqual([1])
  write()
  await first
  while (sizes().length < 2) await turn()
  write()
  await Promise.all(others)
  expect(sizes()).toEqual([1, 2])
  const late = committer.commit(writeSet(4))
  while (sizes().length < 3) await turn()
  write()
  expect(await late).toEqual({ kind: 'committed', revision: 4 })
})

it('tells of outputs after the answers, and only where there are any', async () => {
  const { store, open } = noting()
  const order: string[] = []
  const committer = new Committer(store, () => order.push('outputs'))
  open()
  await committer.commit(writeSet(1)).then(() => order.push('answer'))
  await turn()
  await turn()
  expect(order).toEqual(['answer'])
  await Promise.all([
    committer.commit(writeSet(1)),
    committer.commit(writeSet(2, [OUTPUT])).then(() => order.push('answer')),
  ])
  await turn()
  await turn()
  expect(order).toEqual(['answer', 'answer', 'outputs'])
})

it('fails everything that was written together where the store fails, and goes on', async () => {
  const error = new RangeError('down')
  let isDown = true
  const { store, open } = noting((sets) => {
    if (isDown) throw error
    return sets.map(committed)
  })
  const committer = new Committer(store, undefined)
  open()
  const failed = { kind: 'failed', error }
  expect(await Promise.all(many(2).map((set) => committer.commit(set)))).toEqual([failed, failed])
  isDown = false
  expect(await committer.commit(writeSet(3))).toEqual({ kind: 'committed', revision: 3 })
})

it('fails what the store says nothing of', async () => {
  const { store, open } = noting((sets) => sets.slice(0, 1).map(committed))
  const committer = new Committer(store, undefined)
  open()
  const [one, two] = await Promise.all(many(2).map((set) => committer.commit(set)))
  expect(one).toEqual({ kind: 'committed', revision: 1 })
  expect(two).toEqual({ kind: 'failed', error: new Error('the store gave no result') })
})
