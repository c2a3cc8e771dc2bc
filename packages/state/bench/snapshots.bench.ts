import {
  type EventTypeNid,
  finish,
  type SnapshotRecord,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'
import { expect, test } from 'vitest'
import { lookup } from '../src/index.ts'
import { MemoryBlocks } from '../test/memory-blocks.ts'

const MEMBER = 5 as EventTypeNid

/** A state of so many entries, made one change after another as a room makes it. */
function grown(size: number) {
  const blocks = new MemoryBlocks()
  const change = (base: SnapshotRecord | undefined, stateKey: number, event: number): SnapshotRecord =>
    blocks.apply(base, [{ type: MEMBER, stateKey, event } as StateEntry])
  let state = change(undefined, 1, 1)
  for (let i = 2; i <= size; i++) state = change(state, i, i)
  return { state, change, find: (key: number) => finish(lookup(state, MEMBER, key as StateKeyNid, blocks)) }
}

// What a change and a look-up cost must hardly depend on the size of the state.
test.each([100, 10_000, 50_000])('a state of %i entries', (size) => {
  const { change, find, state } = grown(size)
  let turn = 0
  const changes = perSecond(() => void change(state, 1 + (turn % size), size + ++turn))
  const lookups = perSecond(() => void find(1 + (turn++ % size)))
  console.log(`${size} entries: ${changes} changes/s, ${lookups} look-ups/s of CPU time`)
  expect(Math.min(changes, lookups)).toBeGreaterThan(0)
})

function perSecond(work: () => void): number {
  for (let i = 0; i < 2_000; i++) work()
  const before = process.cpuUsage()
  let runs = 0
  for (const until = performance.now() + 1_000; performance.now() < until; runs++) work()
  const { system, user } = process.cpuUsage(before)
  return Math.round((runs / (system + user)) * 1e6)
}
