import { finish, type EventNid, type EventRecord, type SnapshotNid } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { describe, expect, it } from 'vitest'
import { RoomGraph } from './room-graph.ts'

/** Events by name with what each builds upon, and after a slash what it references; `!` before those beside the graph. */
function graphOf(events: Readonly<Record<string, string>>): RoomGraph {
  const rules = roomVersion('10')
  if (rules === undefined) throw new TypeError('no rules')
  const graph = new RoomGraph(rules)
  for (const [name, refersTo] of Object.entries(events)) {
    const [prev = '', references = ''] = refersTo.replace('!', '').split('/')
    const state = (refersTo.startsWith('!') ? 0 : 1) as SnapshotNid
    const json = JSON.stringify({ type: 'm', sender: '@a:a', prev_events: prev.split(''), auth_events: [] })
    graph.add({
      nid: nidOf(name),
      eventId: name,
      authNids: references.split('').map(nidOf),
      verdict: 'accepted',
      before: state,
      json,
    } as unknown as EventRecord)
  }
  return graph
}

const nidOf = (name: string): EventNid => name.charCodeAt(0) as EventNid

const dependents = (graph: RoomGraph, root: string): string =>
  finish(graph.dependents(nidOf(root)))
    .map(({ eventId }) => eventId)
    .join('')

describe('dependents', () => {
  it.each([
    [
      'are what builds upon an event, none before what it builds upon',
      { d: 'bc', c: 'b', b: 'a', a: '' },
      'abcd',
    ],
    ['are not what stands beside it', { a: '', b: 'a', x: '', y: 'x' }, 'ab'],
    ['are what references it, too', { a: '', b: 'a', x: '/a', c: 'b/x' }, 'abxc'],
    [
      'are what references it beside the graph, too, and what references that',
      { a: '', x: '!/a', y: '!/x' },
      'axy',
    ],
    ['do not follow prev events of what stands beside the graph', { a: '', x: '!a', y: 'x' }, 'a'],
    ['come to an end in a circle', { a: 'c', b: 'a', c: 'b' }, 'abc'],
    [
      'name an event once that both builds upon another and references it',
      { a: '', b: 'a/a', c: 'ab/ab' },
      'abc',
    ],
  ])('%s', (_why, events, expected) => {
    expect(dependents(graphOf(events), 'a')).toBe(expected)
  })

  it.each([
    [511, 0],
    [512, 3],
    [5_000, 27],
  ])('are found of a long history (%i events) with turns for others', (count, turns) => {
    const graph = graphOf({})
    for (let n = 1; n <= count; n++) {
      graph.add({
        nid: n as EventNid,
        eventId: `${n}`,
        authNids: [],
        verdict: 'accepted',
        before: 1,
        json: JSON.stringify({ prev_events: n === 1 ? [] : [`${n - 1}`] }),
      } as unknown as EventRecord)
    }
    let yields = 0
    const computation = graph.dependents(1 as EventNid)
    for (let step = computation.next(); ; step = computation.next()) {
      if (step.done === true) {
        expect(step.value).toHaveLength(count)
        break
      }
      yields++
    }
    // One in each of its three walks, for so many events.
    expect(yields).toBe(turns)
  })
})

it('walks back to where it is told to end', () => {
  const graph = graphOf({ a: '', b: 'a', c: 'b', d: 'cx' })
  const reached = finish(graph.reach([nidOf('d')], (node) => (node.eventId === 'b' ? [] : graph.past(node))))
  expect([...reached].map((nid) => String.fromCharCode(nid)).toSorted()).toEqual(['b', 'c', 'd'])
})

describe('an event of the graph', () => {
  const rules = roomVersion('10')
  const record = { nid: 7, eventId: '$x', authNids: [5], verdict: 'accepted', before: 1 }
  const json = JSON.stringify({ type: 'm', sender: '@a:a', prev_events: ['$y'], auth_events: [] })

  it.each([
    ['accepted', { isAccepted: true, isSoftFailed: false }],
    ['soft-failed', { isAccepted: false, isSoftFailed: true }],
    ['rejected-by-state', { isAccepted: false, isSoftFailed: false }],
  ])('is known by what became of it (%s)', (verdict, expected) => {
    const graph = new RoomGraph(rules as NonNullable<typeof rules>)
    graph.add({ ...record, verdict, json } as unknown as EventRecord)
    expect(graph.node(7 as EventNid)).toEqual({
      nid: 7,
      eventId: '$x',
      prevEvents: ['$y'],
      authNids: [5],
      ...expected,
    })
    expect(graph.node(8 as EventNid)).toBeUndefined()
  })

  it('has a later record in the place of an earlier one', () => {
    const graph = new RoomGraph(rules as NonNullable<typeof rules>)
    graph.add({ ...record, before: 0, verdict: 'outlier', json } as unknown as EventRecord)
    expect(graph.node(7 as EventNid)).toMatchObject({ prevEvents: [], isAccepted: false })
    graph.add({ ...record, json } as unknown as EventRecord)
    expect(graph.node(7 as EventNid)).toMatchObject({ prevEvents: ['$y'], isAccepted: true })
  })
})
