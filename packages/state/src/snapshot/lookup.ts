import {
  type Suspendable,
  type BlockNid,
  type BlockRecord,
  type EventNid,
  type EventTypeNid,
  NO_NID,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import { type Entries, findEvent, lowerBound, STRIDE } from './entries.ts'
import { overlay } from './merge.ts'
import { type BlockNeed, type BlockReader, blocksOf, layersOf } from './reader.ts'

type Blocks = Pick<SnapshotRecord, 'blocks'>

/**
 * The event that a snapshot has for (type, state key); 0 where it has none. O(log² n).
 *
 * Looks at blocks from the newest down and asks at most three times: for the newest block, for those between, which
 * together are at most a few times as large as the oldest, and for the oldest.
 */
export function* lookup(
  snapshot: Blocks,
  type: EventTypeNid,
  stateKey: StateKeyNid,
  reader: BlockReader,
): Suspendable<BlockNeed, EventNid> {
  const { blocks } = snapshot
  for (let index = blocks.length - 1; index >= 0; index--) {
    const nid = blocks[index] ?? NO_NID
    const block = reader.block(nid) ?? (yield* loadWithOlder(blocks, index, reader))
    const event = block === undefined ? undefined : findEvent(block.entries, type, stateKey)
    if (event !== undefined) return event
  }
  return NO_NID
}

/** A block that is not at hand; unless it is the newest, with all older ones but the oldest. */
function* loadWithOlder(
  blocks: readonly BlockNid[],
  index: number,
  reader: BlockReader,
): Suspendable<BlockNeed, BlockRecord | undefined> {
  const isNewest = index === blocks.length - 1
  const wanted = isNewest || index === 0 ? blocks.slice(index, index + 1) : blocks.slice(1, index + 1)
  return (yield* blocksOf(wanted, reader)).at(-1)
}

/** All entries of one type, sorted by state key, without tombstones; cost follows the entries of that type. */
export function* entriesOfType(
  snapshot: Blocks,
  type: EventTypeNid,
  reader: BlockReader,
): Suspendable<BlockNeed, Entries> {
  const layers = yield* layersOf(snapshot, reader)
  return overlay(
    layers.map((entries) => rangeOfType(entries, type)),
    'drop',
  )
}

function rangeOfType(entries: Entries, type: EventTypeNid): Entries {
  const from = lowerBound(entries, type, 0)
  const to = lowerBound(entries, type + 1, 0)
  return entries.subarray(from * STRIDE, to * STRIDE)
}

/** The whole state of a snapshot, sorted, without tombstones. O(n); a snapshot of one block is not even copied. */
export function* allEntries(snapshot: Blocks, reader: BlockReader): Suspendable<BlockNeed, Entries> {
  return overlay(yield* layersOf(snapshot, reader), 'drop')
}
