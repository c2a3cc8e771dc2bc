import type { EventSummary } from '@roomserver/api'
import { describe, expect, it } from 'vitest'
import { successorCounts } from './filter.ts'
import { foldLines, type GraphRow } from './fold.ts'
import { layOut, MAX_LANES } from './lanes.ts'
import { newestFirst } from './order.ts'

/** An event of a graph: its name, and those that it builds on. */
function event(
  event_id: string,
  prev_events: readonly string[],
  more: Partial<EventSummary> = {},
): EventSummary {
  return {
    event_id,
    prev_events,
    type: 'm.room.message',
    state_key: null,
    sender: '@a:a',
    origin_server_ts: 0,
    depth: 0,
    auth_events: [],
    status: 'accepted',
    is_redacted: false,
    is_extremity: false,
    says: '',
    ...more,
  }
}

const ids = (events: readonly EventSummary[]): string => events.map(({ event_id }) => event_id).join(' ')

/** A room that forks at `b` and merges at `f`: a ← b ← c ← d ← f, b ← e ← f. */
const FORK = [
  event('a', [], { depth: 1 }),
  event('b', ['a'], { depth: 2 }),
  event('c', ['b'], { depth: 3 }),
  event('e', ['b'], { depth: 3 }),
  event('d', ['c'], { depth: 4 }),
  event('f', ['d', 'e'], { depth: 5 }),
]

describe('newestFirst', () => {
  it('follows a branch as far as it goes before the next one', () => {
    expect(ids(newestFirst(FORK))).toBe('f d c e b a')
    expect(ids(newestFirst([...FORK].reverse()))).toBe('f d c e b a')
  })

  it('believes references and not depths, which anybody may claim', () => {
    const lying = [
      event('a', [], { depth: 9 }),
      event('b', ['a'], { depth: 1 }),
      event('c', ['b'], { depth: 5 }),
    ]
    expect(ids(newestFirst(lying))).toBe('c b a')
  })

  it('loses nothing to a circle, nor to an event that names another one twice', () => {
    const events = [event('a', ['b']), event('b', ['a']), event('c', ['d', 'd']), event('d', [])]
    expect(new Set(newestFirst(events).map(({ event_id }) => event_id))).toEqual(
      new Set(['a', 'b', 'c', 'd']),
    )
  })

  it('takes long lines and many extremities without recursion', () => {
    const line = Array.from({ length: 50_000 }, (_, at) =>
      event(`${at}`, at === 0 ? [] : [`${at - 1}`], { depth: at }),
    )
    const ends = Array.from({ length: 5_000 }, (_, at) => event(`end${at}`, ['49999'], { depth: 50_000 }))
    expect(newestFirst([...line, ...ends])).toHaveLength(55_000)
  })
})

describe('layOut', () => {
  const rowsOf = (events: readonly EventSummary[]) =>
    newestFirst(events).map(({ event_id, prev_events }) => ({ key: event_id, parents: prev_events }))

  it('draws a fork and its merge with two lanes', () => {
    const { lanes, segments, width } = layOut(rowsOf(FORK))
    expect(lanes).toEqual([0, 0, 0, 1, 0, 0])
    expect(width).toBe(2)
    const drawn = segments.map((row) => row.map(({ from, to }) => `${from}${to}`).join(' '))
    expect(drawn).toEqual(['00 01', '00 11', '00 11', '00 10', '00', ''])
  })

  it('leads on to predecessors that are not loaded', () => {
    const { segments } = layOut([{ key: 'b', parents: ['a', 'x'] }])
    expect(segments[0]).toHaveLength(2)
  })

  it('counts predecessors that stand above, and draws no line to them', () => {
    const { segments, upward } = layOut([
      { key: 'a', parents: [] },
      { key: 'b', parents: ['a'] },
    ])
    expect(segments).toEqual([[], []])
    expect(upward).toEqual(new Map([[1, 1]]))
  })

  it('keeps the width bounded, whatever the number of extremities', () => {
    const ends = Array.from({ length: 1_000 }, (_, at) => ({ key: `end${at}`, parents: [`${at}`] }))
    const below = Array.from({ length: 1_000 }, (_, at) => ({ key: `${at}`, parents: ['root'] }))
    const { segments, width } = layOut([...ends, ...below, { key: 'root', parents: [] }])
    expect(width).toBe(MAX_LANES)
    expect(Math.max(...segments.map(({ length }) => length))).toBeLessThanOrEqual(2 * MAX_LANES)
  })

  it('joins every line that it begins, in random graphs', () => {
    for (let seed = 1; seed <= 50; seed++) {
      let state = seed
      const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below
      const events = Array.from({ length: 60 }, (_, at) => {
        const prev =
          at === 0 ? [] : Array.from({ length: 1 + random(3) }, () => `${Math.max(0, at - 1 - random(5))}`)
        return event(`${at}`, prev, { depth: at })
      })
      const rows = rowsOf(events)
      const { lanes, segments } = layOut(rows)
      const places = new Map(rows.map(({ key }, index) => [key, index]))
      // Following the lines down from a row, one comes to each of its predecessors.
      for (const [index, { parents }] of rows.entries()) {
        let reached = new Set([lanes[index]])
        const met = new Set<number>()
        for (let gap = index; gap < rows.length - 1; gap++) {
          reached = new Set((segments[gap] ?? []).filter(({ from }) => reached.has(from)).map(({ to }) => to))
          if (reached.has(lanes[gap + 1])) met.add(gap + 1)
        }
        for (const parent of parents) expect(met).toContain(places.get(parent))
      }
    }
  })
})

describe('foldLines', () => {
  const fold = (events: readonly EventSummary[], unfolded: readonly string[] = []) => {
    const ordered = newestFirst(events)
    return foldLines(ordered, successorCounts(ordered), new Set(unfolded))
  }
  const words = (rows: readonly GraphRow[]): string =>
    rows.map((row) => (row.kind === 'event' ? row.key : `[${row.key}…${row.events.length}]`)).join(' ')

  const chat = Array.from({ length: 10 }, (_, at) =>
    event(`${at}`, at === 0 ? [] : [`${at - 1}`], { depth: at }),
  )

  it('folds a line of messages, and not where the room begins', () => {
    expect(words(fold(chat))).toBe('[9…9] 0')
    expect(words(fold(chat, ['9']))).toBe('9 8 7 6 5 4 3 2 1 0')
  })

  it.each([
    ['state', { state_key: '' }],
    ['a rejected event', { status: 'rejected' as const }],
    ['a redacted event', { is_redacted: true }],
    ['a merge', { prev_events: ['4', '3'] }],
  ])('does not hide %s', (_what, change) => {
    const events = chat.map((one) => (one.event_id === '5' ? { ...one, ...change } : one))
    expect(words(fold(events))).toContain(' 5 ')
  })

  it('keeps a line that a fork begins or ends', () => {
    const events = [...chat, event('side', ['5'], { depth: 6 })]
    expect(words(fold(events))).toBe('[9…4] side 5 [4…4] 0')
  })

  it('links folded lines as their events are linked', () => {
    const [folded] = fold(chat)
    expect(folded?.parents).toEqual(['0'])
  })
})
