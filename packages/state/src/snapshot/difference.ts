import {
  type Asking,
  type BlockNid,
  type EventNid,
  type EventTypeNid,
  NO_NID,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import { type Entries, entryCount, eventAt, NO_ENTRIES, stateKeyAt, typeAt } from './entries.ts'
import { lookup } from './lookup.ts'
import { mergeEntries, overlay } from './merge.ts'
import { type BlockNeed, type BlockReader, blocksOf, layersOf } from './reader.ts'

/** An entry that is not the same in all of several states: its event in each of them, 0 where it has none. */
export interface Divergence {
  readonly type: EventTypeNid
  readonly stateKey: StateKeyNid
  readonly events: readonly EventNid[]
}

/** Entries that are compared between two places to breathe. */
const ENTRIES_PER_BREATH = 1024

type Blocks = Pick<SnapshotRecord, 'blocks'>

/**
 * Where several states differ, sorted by type and state key. What all of them share at the bottom is not walked: it is
 * searched for the entries that some state changed and another did not, and else not looked at.
 */
export function* divergences(
  snapshots: readonly Blocks[],
  reader: BlockReader,
): Asking<BlockNeed, readonly Divergence[]> {
  const shared = sharedBottom(snapshots)
  const bottom: Blocks = { blocks: snapshots[0]?.blocks.slice(0, shared) ?? [] }
  yield* blocksOf([...new Set(snapshots.flatMap(({ blocks }) => blocks.slice(shared)))], reader)
  const tops: Entries[] = []
  let union = NO_ENTRIES
  for (const snapshot of snapshots) {
    const layers = yield* layersOf({ blocks: snapshot.blocks.slice(shared) }, reader)
    const top = overlay(layers, 'keep')
    tops.push(top)
    union = mergeEntries(union, top, 'keep')
    yield undefined
  }
  const found: Divergence[] = []
  const places = tops.map(() => 0)
  for (let index = 0; index < entryCount(union); index++) {
    if (index % ENTRIES_PER_BREATH === ENTRIES_PER_BREATH - 1) yield undefined
    const type = typeAt(union, index)
    const stateKey = stateKeyAt(union, index)
    const own = tops.map((top, i) => takeAt(top, places, i, type, stateKey))
    if (isUniform(own) && own[0] !== undefined) continue
    const below = own.includes(undefined) ? yield* lookup(bottom, type, stateKey, reader) : NO_NID
    const events = own.map((event) => event ?? below)
    if (!isUniform(events)) found.push({ type, stateKey, events })
  }
  return found
}

/** The event that list number `i` has for the pair, moving its place on; `undefined` where it does not speak of it. */
function takeAt(
  top: Entries,
  places: number[],
  i: number,
  type: EventTypeNid,
  stateKey: StateKeyNid,
): EventNid | undefined {
  const place = places[i] ?? 0
  if (place >= entryCount(top)) return undefined
  if (typeAt(top, place) !== type || stateKeyAt(top, place) !== stateKey) return undefined
  places[i] = place + 1
  return eventAt(top, place)
}

function isUniform(values: readonly unknown[]): boolean {
  return values.every((value) => value === values[0])
}

/** One entry that differs between two states; 0: there is none. */
export interface StateChange {
  readonly type: EventTypeNid
  readonly stateKey: StateKeyNid
  readonly from: EventNid
  readonly to: EventNid
}

/** What makes `to` out of `from`, sorted by type and state key; see {@link divergences} for what is looked at. */
export function* difference(
  from: Blocks,
  to: Blocks,
  reader: BlockReader,
): Asking<BlockNeed, readonly StateChange[]> {
  const found = yield* divergences([from, to], reader)
  return found.map(({ type, stateKey, events }) => ({
    type,
    stateKey,
    from: events[0] ?? NO_NID,
    to: events[1] ?? NO_NID,
  }))
}

/** How many of the oldest blocks are the same in all snapshots. */
export function sharedBottom(snapshots: readonly Blocks[]): number {
  const [first, ...others] = snapshots
  let shared = 0
  const isShared = (nid: BlockNid | undefined): boolean =>
    nid !== undefined && others.every((other) => other.blocks[shared] === nid)
  while (isShared(first?.blocks[shared])) shared++
  return shared
}
