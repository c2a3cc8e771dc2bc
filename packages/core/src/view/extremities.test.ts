import type { EventNid, SnapshotNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { Extremities } from './extremities.ts'

/** So many extremities, the state after each being the one given for it. */
const extremities = (...afters: number[]) => extremitiesWith(afters)
const extremitiesWith = (afters: readonly number[]) =>
  new Extremities(
    afters.map((after, index) => ({
      nid: (index + 1) as EventNid,
      eventId: `$${index + 1}`,
      depth: index % 3,
      after: after as SnapshotNid,
    })),
  )

it('leaves out the oldest of those with the same state after them, and never the last with a state', () => {
  const [recent, old] = [7, 8]
  const some = extremities(recent, old, recent, recent, old, 9)
  expect(some.limitedTo(6)).toBe(some)
  expect(some.limitedTo(5).nids, 'the second of two that are older').toEqual([1, 2, 3, 4, 6])
  expect(some.limitedTo(4).nids).toEqual([1, 2, 3, 6])
  expect(some.limitedTo(1).nids).toEqual([1, 2, 6])
  expect(some.limitedTo(1).states).toEqual(some.states)
})

it('tells whether it is the extremities of a room', () => {
  const some = extremities(5, 6, 5)
  expect(some.are(some.nids)).toBe(true)
  expect(some.are([...some.nids])).toBe(true)
  expect(some.are(some.nids.toReversed())).toBe(false)
  expect(some.are(some.nids.slice(1))).toBe(false)
})

it('has the greatest depth of any number of extremities', () => {
  expect(extremities(1, 1, 1, 1).depth).toBe(2)
  expect(extremitiesWith(Array.from({ length: 200_000 }, () => 1)).depth).toBe(2)
})
