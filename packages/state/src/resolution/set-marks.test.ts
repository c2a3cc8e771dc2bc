import { trustedPdu } from '@roomserver/events'
import { NO_NID } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EventNode } from './event-node.ts'
import { SetMarks } from './set-marks.ts'

const pdu = trustedPdu({}, '$x', roomVersion('10')!)
const nodes = Array.from({ length: 400 }, (_, index) => {
  const facts = { id: '$x', nid: NO_NID, isRejected: false, isPowerLevels: false, level: 0 }
  return new EventNode(index, { ...facts, parse: () => pdu })
})

const node = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(127, 255, 256, 399))
const step = fc.oneof(
  fc.tuple(fc.constant('add'), node, fc.nat({ max: 100 }), fc.nat({ max: 100 })),
  fc.tuple(fc.constant('spread'), node, node, fc.constant(0)),
  fc.tuple(fc.constant('fill'), node, fc.constant(0), fc.constant(0)),
)
const setCount = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(31, 32, 33, 63, 64, 65, 70, 97))

/** `expect` takes longer than what is compared here. */
function same(is: boolean, expected: boolean): void {
  if (is !== expected) expect(is).toBe(expected)
}

it('is a set of numbers for each node, however many state sets there are', () => {
  fc.assert(
    fc.property(setCount, fc.array(step, { maxLength: 40 }), (count, steps) => {
      const marks = new SetMarks(count)
      const naive = nodes.map(() => new Set<number>())
      for (const [kind, a, b, c] of steps) {
        const [own, from] = [naive[a]!, Math.min(b, c) % (count + 1)]
        const to = Math.max(from, Math.max(b, c) % (count + 1))
        if (kind === 'add') {
          marks.add(nodes[a]!, from, to)
          for (let set = from; set < to; set++) own.add(set)
        } else if (kind === 'fill') {
          marks.fill(nodes[a]!)
          for (let set = 0; set < count; set++) own.add(set)
        } else {
          const target = naive[b]!
          const before = target.size
          const isNews = marks.spread(nodes[a]!, nodes[b]!)
          for (const set of own) target.add(set)
          same(isNews, target.size > before)
        }
        for (const index of [a, b % nodes.length])
          same(marks.isFull(nodes[index]!), naive[index]!.size === count)
      }
      for (const [index, own] of naive.entries()) same(marks.isFull(nodes[index]!), own.size === count)
    }),
    { numRuns: 300 },
  )
})

it('counts on every set, each added by itself', () => {
  for (const count of [1, 2, 31, 32, 33, 64, 65, 100]) {
    const marks = new SetMarks(count)
    const [one, other] = nodes as [EventNode, EventNode]
    for (let set = 0; set < count; set++) {
      expect(marks.isFull(one), `${set} of ${count}`).toBe(false)
      marks.add(one, set, set + 1)
    }
    expect(marks.isFull(one)).toBe(true)
    expect(marks.isFull(other)).toBe(false)
    expect(marks.spread(one, other)).toBe(true)
    expect(marks.isFull(other)).toBe(true)
    expect(marks.spread(one, other)).toBe(false)
  }
})
