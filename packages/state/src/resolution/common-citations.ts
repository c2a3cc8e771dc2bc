import {
  type Suspendable,
  type BlockNid,
  type EventNid,
  type EventRecord,
  NO_NID,
  type SnapshotNid,
} from '@roomserver/types'
import { entryCount, stateKeyAt, typeAt } from '../snapshot/entries.ts'
import { sharedBottom } from '../snapshot/difference.ts'
import { layersOf } from '../snapshot/reader.ts'
import type { ResolutionNeed, SnapshotReader } from './snapshot-reader.ts'

/** The part of the state that is in no conflict, as far as this question needs it. */
export interface CommonPart {
  /** A state that holds all of it. */
  readonly blocks: readonly BlockNid[]
  /** Its event for an entry; 0: none, or in conflict. */
  readonly event: (typeNid: number, stateKeyNid: number) => EventNid
}

/**
 * Which of some events are in the auth chains of the unconflicted state.
 *
 * It is not walked whole. The state before an event consists of events that were there before it, and references only
 * lead back in time, so none of these leads to it. What is left are entries that came since, and these stand in
 * blocks that the state before the event does not share. An event whose state before is not known (an outlier) leaves
 * everything to be walked; before that, the events now standing in the wanted events' places are tried, which mostly
 * refer to their predecessors.
 */
export function* citedByCommonPart(
  wanted: readonly EventRecord[],
  common: CommonPart,
  reader: SnapshotReader,
): Suspendable<ResolutionNeed, ReadonlySet<EventNid>> {
  const successors = wanted.map(({ typeNid, stateKeyNid }) => common.event(typeNid, stateKeyNid))
  const found = yield* reachedFrom(successors, wanted, reader)
  const rest = wanted.filter(({ nid }) => !found.has(nid))
  if (rest.length === 0) return found
  const later = yield* enteredSince(rest, common, reader)
  const more = yield* reachedFrom(later, rest, reader)
  return new Set([...found, ...more])
}

/** The events of the unconflicted part that may not stand in the state before each of these events. */
function* enteredSince(
  events: readonly EventRecord[],
  common: CommonPart,
  reader: SnapshotReader,
): Suspendable<ResolutionNeed, readonly EventNid[]> {
  const states = [{ blocks: common.blocks }]
  const nids = [...new Set(events.map(({ before }) => before))]
  const missing = nids.filter((nid) => nid !== NO_NID && reader.snapshot(nid) === undefined)
  if (missing.length > 0) yield { kind: 'snapshots', nids: missing }
  for (const nid of nids) states.push({ blocks: blocksOfSnapshot(nid, reader) })
  const shared = sharedBottom(states)
  const blocks = new Set(states.flatMap((state) => state.blocks.slice(shared)))
  yield undefined
  const layers = yield* layersOf({ blocks: [...blocks] }, reader)
  const entered = new Set<EventNid>()
  const seen = new Map<number, Set<number>>()
  let steps = 0
  for (const layer of layers) {
    for (let index = 0; index < entryCount(layer); index++) {
      if (++steps % ENTRIES_PER_YIELD === 0) yield undefined
      const type = typeAt(layer, index)
      const stateKey = stateKeyAt(layer, index)
      let keys = seen.get(type)
      if (keys === undefined) seen.set(type, (keys = new Set()))
      if (keys.has(stateKey)) continue
      keys.add(stateKey)
      entered.add(common.event(type, stateKey))
    }
  }
  return [...entered]
}

const ENTRIES_PER_YIELD = 2048

function blocksOfSnapshot(nid: SnapshotNid, reader: SnapshotReader): readonly BlockNid[] {
  return nid === NO_NID ? [] : (reader.snapshot(nid)?.blocks ?? [])
}

const EVENTS_PER_PAGE = 512

/** Walks down from some events, never below the lowest of the wanted ones, and never out of their room. */
function* reachedFrom(
  roots: readonly EventNid[],
  wanted: readonly EventRecord[],
  reader: SnapshotReader,
): Suspendable<ResolutionNeed, ReadonlySet<EventNid>> {
  const lowest = wanted.reduce((level, { authLevel }) => Math.min(level, authLevel), Infinity)
  const rooms = new Set(wanted.map(({ roomNid }) => roomNid))
  const targets = new Set(wanted.map(({ nid }) => nid))
  const found = new Set<EventNid>()
  const seen = new Set<EventNid>()
  const open = roots.filter((nid) => nid !== NO_NID)
  while (open.length > 0 && found.size < targets.size) {
    const page = open.splice(-EVENTS_PER_PAGE)
    const missing = page.filter((nid) => reader.event(nid) === undefined)
    yield missing.length > 0 ? { kind: 'events', nids: missing } : undefined
    for (const nid of page) {
      const record = reader.event(nid)
      if (record === undefined || record.authLevel <= lowest || !rooms.has(record.roomNid)) continue
      for (const cited of record.authNids) {
        if (seen.has(cited)) continue
        seen.add(cited)
        open.push(cited)
        if (targets.has(cited)) found.add(cited)
      }
    }
  }
  return found
}
