import {
  type Asking,
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
 * The event that a snapshot has for (type, state key); 0 where it has none. Looks at blocks from the newest down and
 * asks for no block below the one that decides. O(log² n).
 */
export function* lookup(
  snapshot: Blocks,
  type: EventTypeNid,
  stateKey: StateKeyNid,
  reader: BlockReader,
): Asking<BlockNeed, EventNid> {
  for (let index = snapshot.blocks.length - 1; index >= 0; index--) {
    const [block] = yield* blocksOf(snapshot.blocks.slice(index, index + 1), reader)
    const event = block === undefined ? undefined : findEvent(block.entries, type, stateKey)
    if (event !== undefined) return event
  }
  return NO_NID
}

/** All entries of one type, sorted by state key, without tombstones; cost follows the entries of that type. */
export function* entriesOfType(
  snapshot: Blocks,
  type: EventTypeNid,
  reader: BlockReader,
): Asking<BlockNeed, Entries> {
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
export function* allEntries(snapshot: Blocks, reader: BlockReader): Asking<BlockNeed, Entries> {
  return overlay(yield* layersOf(snapshot, reader), 'drop')
}
