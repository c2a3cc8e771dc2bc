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
