import type { EventNid, EventTypeNid, SnapshotRecord, StateEntry, StateKeyNid } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { MemoryBlocks } from '../../test/memory-blocks.ts'
import { entryCount } from './entries.ts'

const entry = (stateKey: number, event: number): StateEntry => ({
  type: 5 as EventTypeNid,
  stateKey: stateKey as StateKeyNid,
  event: event as EventNid,
})

let nextEvent = 1
/** A change of one entry that no state had before. */
const change = (stateKey: number): StateEntry => entry(stateKey, nextEvent++)

const MEMBERS = 1_000

/** Rooms, each with every state that it went through, and the entry that its change number `i` is about. */
const ROOMS: readonly (readonly [string, (i: number) => StateEntry])[] = [
  ['whose members join one after another', (i) => change(i + 1)],
  ['whose members are known in another order', (i) => change(1 + ((i * 619) % MEMBERS))],
  ['whose members change again and again', (i) => change(1 + ((i * i) % 97))],
  ['whose members come and go', (i) => (i % 3 === 2 ? entry(i - 1, 0) : change(i + 1))],
]

function statesOf(blocks: MemoryBlocks, make: (i: number) => StateEntry): readonly SnapshotRecord[] {
  const states: SnapshotRecord[] = []
  for (let i = 0; i < MEMBERS; i++) states.push(blocks.apply(states.at(-1), [make(i)]))
  return states
}

/** What is written for work on states, in entries. */
function writtenFor(blocks: MemoryBlocks, work: () => void): number {
  const before = blocks.written
  work()
  return blocks.written - before
}

describe.each(ROOMS)('a room %s', (_which, make) => {
  const blocks = new MemoryBlocks()
  const states = statesOf(blocks, make)

  it('has few blocks at every state, and is written a few times in all', () => {
    expect(Math.max(...states.map((state) => state.blocks.length))).toBeLessThanOrEqual(3 * 6)
    expect(blocks.written).toBeLessThan(MEMBERS * 10)
  })

  // Else whoever may send one event can have the whole room stored for it, as often as they like.
  it('is not stored again for each of many forks off one state, whichever that is', () => {
    for (const [i, state] of states.entries()) {
      const sizes = state.blocks.map((nid) =>
        entryCount(blocks.blocks.get(nid)?.entries ?? new Float64Array(0)),
      )
      const room = sizes.reduce((sum, size) => sum + size, 0)
      const written = writtenFor(blocks, () => {
        for (let fork = 0; fork < 10; fork++) blocks.apply(state, [change(5_000 + fork)])
      })
      // What was due to be merged there is merged once for all of them.
      if (written > 10 * 8 + 2 * room) expect({ i, sizes, written }).toBe('the forks and once the room')
    }
  })

  it('is not stored again for each of a thousand forks that go on for some events', () => {
    for (const [forks, events] of [
      [1_000, 1],
      [1_000, 2],
      [100, 20],
    ] as const) {
      for (const state of states.slice(-3)) {
        const written = writtenFor(blocks, () => {
          for (let fork = 0; fork < forks; fork++) {
            let end = state
            for (let i = 0; i < events; i++) end = blocks.apply(end, [change(5_000 + i)])
          }
        })
        expect(written).toBeLessThan(forks * events * 16)
      }
    }
  })
})

it('is not stored again for each of many changes of several entries to one state', () => {
  const blocks = new MemoryBlocks()
  const states = statesOf(blocks, (i) => change(i + 1))
  for (const several of [2, 5, 20, 50]) {
    for (const state of states.slice(-10)) {
      const written = writtenFor(blocks, () => {
        for (let fork = 0; fork < 50; fork++) {
          let end = state
          for (let i = 0; i < 2; i++) {
            const changes = Array.from({ length: several }, (_, key) => change(5_000 + 100 * i + key))
            end = blocks.apply(end, changes)
          }
        }
      })
      expect(written).toBeLessThan(50 * 2 * several * 8 + 2 * MEMBERS)
    }
  }
})

it('stays within its bounds where every fork is made where it costs most', () => {
  const blocks = new MemoryBlocks()
  const states = statesOf(blocks, (i) => change(i + 1)).slice(-200)
  let seed = 7
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
    return seed % n
  }
  let dearest = states[0]
  let most = 0
  const written = writtenFor(blocks, () => {
    for (let step = 0; step < 4_000; step++) {
      const from = random(3) === 0 ? dearest : states[states.length - 1 - random(Math.min(states.length, 50))]
      let next: SnapshotRecord | undefined
      const cost = writtenFor(blocks, () => (next = blocks.apply(from, [change(5_000 + random(500))])))
      if (cost > most) [most, dearest] = [cost, from]
      else most *= 0.99
      if (next !== undefined) states.push(next)
    }
  })
  expect(written).toBeLessThan(4_000 * 12)
})
