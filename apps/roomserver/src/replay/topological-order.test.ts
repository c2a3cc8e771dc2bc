import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Ordered, topologicalOrder } from './topological-order.ts'

const event = (
  eventId: string,
  prevEvents: readonly string[] = [],
  depth = 1,
  authEvents: readonly string[] = [],
): Ordered => ({
  eventId,
  prevEvents,
  authEvents,
  depth,
  originServerTs: 0,
})
const ids = (events: readonly Ordered[]) => events.map(({ eventId }) => eventId).join('')

it.each([
  ['a line', [event('c', ['b']), event('a'), event('b', ['a'])], 'abc'],
  ['a lie about depth', [event('b', ['a'], 1), event('a', [], 9)], 'ab'],
  ['only referenced', [event('b', [], 1, ['a']), event('a', [], 5)], 'ab'],
  [
    'a fork and a merge',
    [event('d', ['b', 'c'], 3), event('c', ['a'], 2), event('b', ['a'], 2), event('a')],
    'abcd',
  ],
  ['unknown predecessors', [event('b', ['x'], 2), event('a', ['y'], 1)], 'ab'],
  ['a circle comes last', [event('a', ['b']), event('b', ['a']), event('c', [], 7)], 'cab'],
  ['the same twice', [event('a'), event('a')], 'a'],
])('%s', (_what, events, order) => expect(ids(topologicalOrder(events))).toBe(order))

it('puts every event after those that it names, whatever the input order', () => {
  const graph = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 60 })
  fc.assert(
    fc.property(graph, fc.infiniteStream(fc.nat(1_000)), (links, noise) => {
      const events = links.map((link, index) =>
        event(`e${index}`, index === 0 ? [] : link.map((to) => `e${to % index}`), noise.next().value),
      )
      const shuffled = events.toSorted((a, b) => a.depth - b.depth)
      const place = new Map(topologicalOrder(shuffled).map(({ eventId }, index) => [eventId, index]))
      for (const { eventId, prevEvents } of events)
        for (const prev of prevEvents) expect(place.get(prev)).toBeLessThan(place.get(eventId) ?? -1)
    }),
  )
})
