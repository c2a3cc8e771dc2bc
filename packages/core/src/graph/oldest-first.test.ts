import { describe, expect, it } from 'vitest'
import { oldestFirst } from './oldest-first.ts'

/** Events by ID and what each refers to, as `b: 'a'` or `c: 'ab'`. */
function order(graph: Readonly<Record<string, string>>): string {
  const events = Object.entries(graph).map(([eventId, refersTo]) => ({
    eventId,
    refersTo: refersTo.split(''),
  }))
  return oldestFirst(events, (event) => event.refersTo)
    .map((event) => event.eventId)
    .join('')
}

describe('oldestFirst', () => {
  it.each([
    ['keeps an order that is right', { a: '', b: 'a', c: 'a', d: 'bc' }, 'abcd'],
    ['turns a wrong one', { d: 'bc', c: 'a', b: 'a', a: '' }, 'acbd'],
    ['passes over what is not there', { b: 'ax', a: 'y' }, 'ab'],
    ['comes to an end in a circle', { a: 'c', b: 'a', c: 'b' }, 'bca'],
    ['does not mind an event that refers to itself', { a: 'a', b: 'a' }, 'ab'],
  ])('%s', (_what, graph, expected) => {
    expect(order(graph)).toBe(expected)
  })

  it('takes long histories without deep recursion', () => {
    const events = Array.from({ length: 100_000 }, (_, index) => ({
      eventId: `${index}`,
      prev: `${index - 1}`,
    }))
    const sorted = oldestFirst(events.toReversed(), (event) => [event.prev])
    expect(sorted[0]).toBe(events[0])
    expect(sorted.at(-1)).toBe(events.at(-1))
  })
})
