import {
  type BlockNid,
  type EventNid,
  type EventTypeNid,
  finish,
  type SnapshotRecord,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MemoryBlocks } from '../../test/memory-blocks.ts'
import { applyChanges, snapshotOf, type StateAllocator } from './apply-changes.ts'
import { byBlocks, difference, divergences } from './difference.ts'
import { expanded } from './runs.ts'
import { eachEntry, type Entries, entryCount } from './entries.ts'
import { allEntries, entriesOfType, lookup } from './lookup.ts'
import { layersOf } from './reader.ts'
import { visibleRuns } from './visible-runs.ts'

const entry = (type: number, stateKey: number, event: number): StateEntry => ({
  type: type as EventTypeNid,
  stateKey: stateKey as StateKeyNid,
  event: event as EventNid,
})

/** The obviously right twin: a plain map. */
type Naive = ReadonlyMap<string, number>
const keyOf = (type: number, stateKey: number) => `${type}/${stateKey}`
function applyNaively(state: Naive, changes: readonly StateEntry[]): Naive {
  const next = new Map(state)
  for (const { type, stateKey, event } of changes) {
    if (event === 0) next.delete(keyOf(type, stateKey))
    else next.set(keyOf(type, stateKey), event)
  }
  return next
}
const asMap = (entries: Entries): Naive =>
  new Map([...eachEntry(entries)].map((e) => [keyOf(e.type, e.stateKey), e.event]))

const change = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 5 }))
  .map(([type, stateKey, event]) => entry(type, stateKey, event))
/** Steps of a history: changes on top of any earlier state, so that it forks. */
const history = fc.array(
  fc.record({ on: fc.nat({ max: 1000 }), changes: fc.array(change, { maxLength: 20 }) }),
  { minLength: 1, maxLength: 30 },
)

function play(memory: MemoryBlocks, steps: readonly { on: number; changes: readonly StateEntry[] }[]) {
  const states: { snapshot: SnapshotRecord | undefined; map: Naive }[] = [
    { snapshot: undefined, map: new Map() },
  ]
  for (const { on, changes } of steps) {
    const base = states[on % states.length]!
    states.push({
      snapshot: memory.apply(base.snapshot, changes),
      map: applyNaively(base.map, changes),
    })
  }
  return states.slice(1).map((state) => ({ snapshot: state.snapshot!, map: state.map }))
}

it('is the naive map, whatever the changes and forks', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const memory = new MemoryBlocks()
      for (const { snapshot, map } of play(memory, steps)) {
        expect(asMap(finish(allEntries(snapshot, memory)))).toEqual(map)
        for (let type = 1; type <= 4; type++) {
          const ofType = asMap(finish(entriesOfType(snapshot, type as EventTypeNid, memory)))
          expect(ofType).toEqual(new Map([...map].filter(([key]) => key.startsWith(`${type}/`))))
          for (let stateKey = 1; stateKey <= 12; stateKey++) {
            const found = lookup(snapshot, type as EventTypeNid, stateKey as StateKeyNid, memory)
            expect(finish(found)).toBe(map.get(keyOf(type, stateKey)) ?? 0)
          }
        }
      }
    }),
  )
})

it('tells in which blocks the entries are that a snapshot shows, going forward in them', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const memory = new MemoryBlocks()
      for (const { snapshot } of play(memory, steps)) {
        const layers = finish(layersOf(snapshot, memory))
        const at = (type?: number) => {
          const runs = [...visibleRuns(layers, type as EventTypeNid | undefined)]
          const places = runs.map(({ layer, from }) => layer * 1_000 + from)
          expect(places).toEqual(places.toSorted((a, b) => a - b))
          const shown = runs.flatMap(({ layer, from, to }) => [...eachEntry(layers[layer]!)].slice(from, to))
          return shown.toSorted((a, b) => a.type - b.type || a.stateKey - b.stateKey)
        }
        expect(at()).toEqual([...eachEntry(finish(allEntries(snapshot, memory)))])
        for (let type = 1; type <= 4; type++) {
          const ofType = finish(entriesOfType(snapshot, type as EventTypeNid, memory))
          expect(at(type)).toEqual([...eachEntry(ofType)])
        }
      }
    }),
  )
})

it('shows blocks whose entries alternate in as many runs as there are blocks', () => {
  const memory = new MemoryBlocks()
  let snapshot: SnapshotRecord | undefined
  for (let index = 0; index < 3_000; index++) {
    snapshot = memory.apply(snapshot, [entry(1, 1 + ((index * 1_853) % 3_000), 1 + index)])
  }
  const layers = finish(layersOf(snapshot!, memory))
  expect(layers.length).toBeGreaterThan(3)
  expect([...visibleRuns(layers)]).toHaveLength(layers.length)
})

it('finds the differences that the naive maps have, and merges by them', () => {
  fc.assert(
    fc.property(history, fc.nat(), fc.nat(), (steps, i, j) => {
      const memory = new MemoryBlocks()
      const states = play(memory, steps)
      const from = states[i % states.length]!
      const to = states[j % states.length]!
      const changes = finish(difference(from.snapshot, to.snapshot, memory))
      const keys = new Set([...from.map.keys(), ...to.map.keys()])
      const expected = [...keys].filter((key) => from.map.get(key) !== to.map.get(key))
      expect(changes.map((c) => keyOf(c.type, c.stateKey)).toSorted()).toEqual(expected.toSorted())
      expect(changes).toEqual(changes.toSorted((a, b) => a.type - b.type || a.stateKey - b.stateKey))
      const merged = memory.apply(
        from.snapshot,
        changes.map((c) => entry(c.type, c.stateKey, c.to)),
      )
      expect(asMap(finish(allEntries(merged, memory)))).toEqual(to.map)
    }),
  )
})

it('compares many states at once', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const memory = new MemoryBlocks()
      const states = play(memory, steps)
      const found = finish(
        divergences(
          states.map((s) => s.snapshot),
          memory,
        ),
      )
      const keys = new Set(states.flatMap((s) => [...s.map.keys()]))
      const expected = new Map(
        [...keys]
          .map((key) => [key, states.map((s) => s.map.get(key) ?? 0)] as const)
          .filter(([, events]) => new Set(events).size > 1),
      )
      expect(new Map(found.map((d) => [keyOf(d.type, d.stateKey), expanded(d.events)]))).toEqual(expected)
    }),
  )
})

it('says of a thousand forks what each changed, and not for each what all others did not', () => {
  const memory = new MemoryBlocks()
  const root = memory.apply(
    undefined,
    Array.from({ length: 100 }, (_, i) => entry(5, i + 1, i + 1)),
  )
  const base = memory.apply(root, [entry(6, 1, 1000)])
  const forks = Array.from({ length: 1000 }, (_, i) => memory.apply(base, [entry(7, i + 1, 2000 + i)]))
  // One of them begins elsewhere, so that they share less than the others do.
  const states = [...forks, memory.apply(root, [entry(7, 5000, 5000)])]
  const order = byBlocks(states)
  const found = finish(
    divergences(
      order.map((index) => states[index]!),
      memory,
    ),
  )
  expect(found).toHaveLength(1002)
  expect(found.reduce((sum, { events }) => sum + events.length, 0)).toBeLessThan(3 * found.length)
  for (const { type, stateKey, events } of found) {
    if (type !== 7) continue
    const having = expanded(events).flatMap((event, place) => (event === 0 ? [] : order[place]))
    expect(having).toEqual([Math.min(stateKey - 1, 1000)])
  }
})

it('reads only what differs: a shared block is searched, never walked, and not even that where both sides changed', () => {
  const memory = new MemoryBlocks()
  const base = memory.apply(
    undefined,
    Array.from({ length: 1000 }, (_, i) => entry(5, i + 1, i + 1)),
  )
  const a = memory.apply(base, [entry(5, 7, 2001)])
  const b = memory.apply(base, [entry(5, 7, 2002)])
  memory.read.clear()
  expect(finish(difference(a, b, memory))).toEqual([{ type: 5, stateKey: 7, from: 2001, to: 2002 }])
  expect(memory.read.has(base.blocks[0]!)).toBe(false)
})

it('gives the one block of a state as it is, and copies it only to leave tombstones out', () => {
  const memory = new MemoryBlocks()
  const base = memory.apply(undefined, [entry(1, 1, 1), entry(2, 1, 2)])
  const [block] = [...memory.blocks.values()]
  expect(finish(allEntries(base, memory))).toBe(block?.entries)
  const without = memory.apply(base, [entry(1, 1, 0)])
  expect([...eachEntry(finish(allEntries(without, memory)))]).toEqual([entry(2, 1, 2)])
  expect([...eachEntry(finish(allEntries({ blocks: [] }, memory)))]).toEqual([])
})

it('leaves no tombstone where nothing is left that it could hide, and no block where nothing is left', () => {
  const memory = new MemoryBlocks()
  const base = memory.apply(undefined, [entry(1, 1, 1)])
  const empty = memory.apply(base, [entry(1, 1, 0)])
  expect(empty.blocks).toEqual([])
  expect(memory.apply(undefined, [entry(1, 1, 0), entry(1, 2, 0)]).blocks).toEqual([])
  expect(memory.apply(undefined, []).blocks).toEqual([])
  expect(empty.roomNid).toBe(memory.roomNid)
})

it('makes a whole state from nothing in one block, from entries in any order', () => {
  const memory = new MemoryBlocks()
  const entries = [entry(2, 1, 2), entry(1, 2, 3), entry(1, 1, 1), entry(3, 1, 0), entry(2, 1, 4)]
  const { blocks, snapshot } = finish(snapshotOf(entries, memory))
  expect(snapshot).toEqual(memory.apply(undefined, entries))
  expect(snapshot.blocks).toEqual(blocks.map(({ nid }) => nid))
  expect(blocks.map((block) => [...eachEntry(block.entries)])).toEqual([
    [entry(1, 1, 1), entry(1, 2, 3), entry(2, 1, 4)],
  ])
})

it('counts the last of hundreds of changes to the same few entries', () => {
  const memory = new MemoryBlocks()
  const changes = Array.from({ length: 500 }, (_, i) => entry(1, 1 + (i % 3), 1 + i))
  const { blocks } = memory.apply(undefined, changes)
  const block = memory.blocks.get(blocks[0]!)
  expect([...eachEntry(block!.entries)]).toEqual([entry(1, 1, 499), entry(1, 2, 500), entry(1, 3, 498)])
})

it('counts the last of several changes to one entry, and none that changes nothing', () => {
  const memory = new MemoryBlocks()
  const base = memory.apply(
    undefined,
    Array.from({ length: 100 }, (_, i) => entry(1, i + 1, i + 1)),
  )
  const changed = memory.apply(base, [entry(1, 7, 500), entry(1, 8, 8), entry(1, 7, 501), entry(1, 500, 0)])
  expect(changed.blocks).toHaveLength(2)
  const block = memory.blocks.get(changed.blocks[1]!)
  expect([...eachEntry(block!.entries)]).toEqual([entry(1, 7, 501)])
  expect(memory.apply(base, [entry(1, 7, 500), entry(1, 7, 7)])).toBe(base)
})

it('stores equal content once', () => {
  const memory = new MemoryBlocks()
  const base = memory.apply(undefined, [entry(1, 1, 1), entry(2, 1, 2)])
  const there = memory.apply(base, [entry(1, 1, 3)])
  expect(memory.apply(base, [entry(1, 1, 3)])).toEqual(there)
  expect(memory.apply(there, [entry(1, 1, 3)])).toBe(there)
  expect(memory.apply(undefined, [entry(2, 1, 2), entry(1, 1, 1)])).toEqual(base)
})

it('keeps its bounds over thousands of changes to a large state', () => {
  const memory = new MemoryBlocks()
  let seed = 1
  const random = (n: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
    return seed % n
  }
  const whole = Array.from({ length: 4_000 }, (_, i) => entry(5, i + 1, i + 1))
  let snapshot = memory.apply(undefined, whole)
  const map = new Map(whole.map(({ event, stateKey, type }) => [keyOf(type, stateKey), event as number]))
  for (let i = 1; i <= 12_000; i++) {
    const stateKey = 1 + random(5_000)
    const event = random(10) === 0 ? 0 : 10_000 + i
    snapshot = memory.apply(snapshot, [entry(5, stateKey, event)])
    if (event === 0) map.delete(keyOf(5, stateKey))
    else map.set(keyOf(5, stateKey), event)
    const sizes = snapshot.blocks.map((nid) => entryCount(memory.blocks.get(nid)!.entries))
    if (sizes.length > 3 * 7) expect(sizes).toBe('three of each of seven levels')
  }
  expect(asMap(finish(allEntries(snapshot, memory)))).toEqual(map)
  expect(memory.written).toBeLessThan(16_000 * 12)
})

it('looks an entry up with three questions at the most, and with one when the newest block has it', () => {
  const memory = new MemoryBlocks()
  let state: SnapshotRecord | undefined
  let size = 0
  while ((state?.blocks.length ?? 0) < 5) state = memory.apply(state, [entry(5, ++size, size)])
  const askedFor = (stateKey: number): number[] => {
    const loaded = new Set<BlockNid>()
    const reader = { block: (nid: BlockNid) => (loaded.has(nid) ? memory.blocks.get(nid) : undefined) }
    const asked: number[] = []
    const computation = lookup(state!, 5 as EventTypeNid, stateKey as StateKeyNid, reader)
    for (let step = computation.next(); step.done !== true; step = computation.next()) {
      for (const nid of step.value?.nids ?? []) loaded.add(nid)
      asked.push(step.value?.nids.length ?? 0)
    }
    return asked
  }
  expect(askedFor(size)).toEqual([1])
  expect(askedFor(1)).toEqual([1, 3, 1])
})

it('fails when a block that was asked for is not there', () => {
  const gone = { nid: 1, blocks: [7 as BlockNid] }
  const computation = lookup(gone, 5 as EventTypeNid, 1 as StateKeyNid, { block: () => undefined })
  computation.next()
  expect(() => computation.next()).toThrow('a block of a state is not stored')
})

it('makes a large state from entries in any order, giving others their turn', () => {
  const memory = new MemoryBlocks()
  const entries = Array.from({ length: 20_000 }, (_, i) =>
    entry(1 + ((i * 7) % 5), 1 + ((i * 7919) % 6000), i % 11 === 0 ? 0 : i),
  )
  const steps = [...applyChanges(undefined, entries, memory, memory)]
  expect(steps.length).toBeGreaterThan(20)
  const whole = finish(allEntries(memory.apply(undefined, entries), memory))
  expect(asMap(whole)).toEqual(applyNaively(new Map(), entries))
})

it('asks by their hashes for the numbers of a block and of a snapshot that are not at hand', () => {
  const memory = new MemoryBlocks()
  const told = new Set<string>()
  const asking: StateAllocator = {
    roomNid: memory.roomNid,
    blockNid: (hash) => (told.has(hash) ? memory.blockNid(hash) : undefined),
    snapshotNid: (hash) => (told.has(hash) ? memory.snapshotNid(hash) : undefined),
  }
  const asked: unknown[] = []
  const applying = applyChanges(undefined, [entry(1, 2, 3)], memory, asking)
  let step = applying.next()
  for (; step.done !== true && asked.length < 9; step = applying.next()) {
    if (step.value === undefined) continue
    asked.push(step.value)
    if ('hash' in step.value) told.add(step.value.hash)
  }
  const made = step.done === true ? step.value : undefined
  expect(asked).toEqual([
    { kind: 'block-hash', hash: made?.blocks[0]?.hash },
    { kind: 'snapshot-hash', hash: made?.snapshot.hash },
  ])
})
