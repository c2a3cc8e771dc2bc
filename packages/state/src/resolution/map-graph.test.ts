import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ALICE, openRoom, TestRoom } from '../../test/room.ts'
import { stateMap } from '../state-map.ts'
import { MapGraph } from './map-graph.ts'

/** A room of topics that cite each other by number, whether those come before or after. */
function citing(citations: readonly (readonly number[])[]): TestRoom {
  const room = new TestRoom('10')
  for (const [i, cited] of citations.entries())
    room.sendReferencing(
      `$${i}`,
      'm.room.topic',
      ALICE,
      `${i}`,
      {},
      cited.map((n) => `$${n}`),
    )
  return room
}

const graphOf = (room: TestRoom) => new MapGraph({ events: room.events }, new Map(), new Map())

it('ranks an event one above the highest that it cites', () => {
  const citations = fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), { maxLength: 30 })
  fc.assert(
    fc.property(citations, (all) => {
      const earlier = all.map((cited, i) => cited.filter((n) => n < i))
      const levels: number[] = []
      for (const cited of earlier) levels.push(Math.max(0, ...cited.map((n) => 1 + (levels[n] ?? 0))))
      const graph = graphOf(citing(earlier))
      const nodes = earlier.map((_, i) => graph.node(`$${i}`)!)
      graph.rank(nodes)
      expect(nodes.map(({ level }) => level)).toEqual(levels)
    }),
  )
})

it('ranks events on circles too, and those above them', () => {
  const graph = graphOf(citing([[2], [0], [1], [2], [4]]))
  const nodes = ['$3', '$0', '$4'].map((id) => graph.node(id)!)
  graph.rank(nodes)
  const [above, on, self] = nodes.map(({ level }) => level)
  expect(above).toBeGreaterThan(1)
  expect(on).toBeGreaterThanOrEqual(0)
  expect(self).toBeGreaterThanOrEqual(0)
})

it('walks each citation once, however many ways lead to an event', () => {
  // Two events of each rung cite both of the one below: 2^200 ways down.
  const room = citing(
    Array.from({ length: 400 }, (_, i) => (i < 2 ? [] : [i - 2 - (i % 2), i - 1 - (i % 2)])),
  )
  let asked = 0
  const events = (id: EventId): Pdu | undefined => (asked++, room.events(id))
  const graph = new MapGraph({ events }, new Map(), new Map())
  const top = graph.node('$399')!
  graph.rank([top])
  expect(top.level).toBe(199)
  expect(asked).toBe(399)
})

it('takes an event that was rejected for that, cites each event once, and nothing that is unknown or of another room', () => {
  const room = openRoom()
    .send('$twice', 'm.room.topic', ALICE, '', {}, '$create $alice $create $gone')
    .send('$create2', 'm.room.create', ALICE, '', {}, '$alice')
  const elsewhere = { ...room.events('$alice')!, roomId: '!other:a.test' }
  const source = {
    events: (id: EventId) => (id === '$alice' ? (elsewhere as Pdu) : room.events(id)),
    isRejected: (id: EventId) => id === '$twice',
  }
  const graph = new MapGraph(source, new Map(), new Map())
  expect(graph.authOf(graph.node('$twice')!).map(({ id }) => id)).toEqual(['$create'])
  expect(graph.authOf(graph.node('$create2')!)).toEqual([])
  expect(['$twice', '$create'].map((id) => graph.node(id)?.isRejected)).toEqual([true, false])
  expect(['$levels', '$alice'].map((id) => graph.node(id)?.isPowerLevels)).toEqual([true, false])
  expect(graph.node('$gone')).toBeUndefined()
})

it('holds what is in no conflict, and tells which events that cites, directly or not', () => {
  const room = openRoom()
    .send('$l2', 'm.room.power_levels', ALICE, '', {}, '$create $alice $levels')
    .send('$l3', 'm.room.power_levels', ALICE, '', {}, '$create $alice $l2')
    .send('$topic', 'm.room.topic', ALICE, '', {}, '$create $alice $public')
  const common = stateMap([
    ['m.room.create', '', '$create'],
    ['m.room.power_levels', '', '$l3'],
    ['m.room.topic', '', '$topic'],
  ])
  const graph = new MapGraph({ events: room.events }, common, new Map([['m.room.topic', new Set([''])]]))
  const node = (id: EventId) => graph.node(id)!
  expect(['$create', '$l3', '$l2', '$topic'].map((id) => graph.holds(node(id)))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(graph.peek('m.room.topic', '')).toBeNull()
  expect(graph.peek('m.room.name', '')).toBeNull()
  expect(graph.peek('m.room.power_levels', '')?.id).toBe('$l3')
  const wanted = ['$l2', '$levels', '$alice', '$l3', '$public', '$topic'].map(node)
  const walk = graph.citedByCommon(wanted)
  let step = walk.next()
  while (step.done !== true) step = walk.next()
  expect(Array.from(step.value, ({ id }) => id).toSorted()).toEqual(['$alice', '$l2', '$levels'])
})
