import {
  type Suspendable,
  type BlockNid,
  type EventNid,
  type EventTypeNid,
  NO_NID,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import { type Entries, entryCount, eventAt, NO_ENTRIES, stateKeyAt, typeAt } from './entries.ts'
import { lookup } from './lookup.ts'
import { type BlockNeed, type BlockReader, blocksOf } from './reader.ts'
import { addRun, mapRuns, type Run, type Runs } from './runs.ts'

/** An entry that is not the same in all of several states: its event in each of them, 0 where it has none. */
export interface Divergence {
  readonly type: EventTypeNid
  readonly stateKey: StateKeyNid
  readonly events: Runs<EventNid>
}

/** Entries compared between two yield points. */
const ENTRIES_PER_YIELD = 1024

type Blocks = Pick<SnapshotRecord, 'blocks'>

/**
 * Where several states differ, sorted by type and state key. What all of them share at the bottom is not walked: it is
 * searched for the entries that some state changed and another did not, and else not looked at. A block that
 * neighbouring states share is walked once for all of them, so that the cost follows the entries that differ and not
 * their number times that of the states; `byBlocks` makes those neighbours that share most.
 */
export function* divergences(
  snapshots: readonly Blocks[],
  reader: BlockReader,
): Suspendable<BlockNeed, readonly Divergence[]> {
  const shared = sharedBottom(snapshots)
  const bottom: Blocks = { blocks: snapshots[0]?.blocks.slice(0, shared) ?? [] }
  const found: Divergence[] = []
  let steps = 0
  for (const { mentions, stateKey, type } of yield* mentionedIn(yield* placesOf(snapshots, shared, reader))) {
    if (++steps % ENTRIES_PER_YIELD === 0) yield undefined
    const runs = runsOfMentions(mentions, snapshots.length)
    const isTouched = runs.every(({ value }) => value !== UNTOUCHED)
    if (isTouched && runs.length === 1) continue
    const below = isTouched ? NO_NID : yield* lookup(bottom, type, stateKey, reader)
    const events = isTouched ? runs : mapRuns(runs, (event) => (event === UNTOUCHED ? below : event))
    if (events.length > 1) found.push({ type, stateKey, events })
  }
  return found.sort((one, other) => one.type - other.type || one.stateKey - other.stateKey)
}

/** The order in which states that share blocks are neighbours: the places of `snapshots`, sorted by their blocks. */
export function byBlocks(snapshots: readonly Blocks[]): readonly number[] {
  const order = snapshots.map((_, index) => index)
  return order.sort((a, b) => compareBlocks(snapshots[a], snapshots[b]) || a - b)
}

function compareBlocks(a: Blocks | undefined, b: Blocks | undefined): number {
  const [mine, theirs] = [a?.blocks ?? [], b?.blocks ?? []]
  for (const [index, nid] of mine.entries()) {
    const other = theirs[index]
    if (other === undefined) return 1
    if (nid !== other) return nid - other
  }
  return mine.length - theirs.length
}

/** A block above what all states share, and the neighbouring states that have it there above the same blocks. */
interface Place {
  readonly entries: Entries
  readonly from: number
  /** Behind the last one. */
  to: number
}

/** The places of all blocks above the shared ones, older blocks before the newer ones of the same states. */
function* placesOf(
  snapshots: readonly Blocks[],
  shared: number,
  reader: BlockReader,
): Suspendable<BlockNeed, readonly Place[]> {
  const above = new Set<BlockNid>()
  for (const { blocks } of snapshots) {
    for (let depth = shared; depth < blocks.length; depth++) above.add(blocks[depth] ?? NO_NID)
  }
  const entriesOf = new Map((yield* blocksOf([...above], reader)).map(({ entries, nid }) => [nid, entries]))
  yield undefined

  const places: Place[] = []
  const open: Place[] = []
  let before: readonly BlockNid[] = []
  for (const [from, { blocks }] of snapshots.entries()) {
    let depth = shared
    while (depth < shared + open.length && blocks[depth] === before[depth]) depth++
    for (const closed of open.splice(depth - shared)) closed.to = from
    for (; depth < blocks.length; depth++) {
      const place = {
        entries: entriesOf.get(blocks[depth] ?? NO_NID) ?? NO_ENTRIES,
        from,
        to: snapshots.length,
      }
      places.push(place)
      open.push(place)
    }
    before = blocks
  }
  return places
}

/** An entry, and what blocks say about it: for each its event and its states, as three numbers in a row: event, from, to. */
interface Mentioned {
  readonly type: EventTypeNid
  readonly stateKey: StateKeyNid
  readonly mentions: number[]
}

function* mentionedIn(places: readonly Place[]): Suspendable<never, readonly Mentioned[]> {
  const types = new Map<EventTypeNid, Map<StateKeyNid, Mentioned>>()
  const found: Mentioned[] = []
  let steps = 0
  for (const { entries, from, to } of places) {
    for (let index = 0; index < entryCount(entries); index++) {
      if (++steps % ENTRIES_PER_YIELD === 0) yield undefined
      const type = typeAt(entries, index)
      const stateKey = stateKeyAt(entries, index)
      let keys = types.get(type)
      if (keys === undefined) types.set(type, (keys = new Map()))
      let own = keys.get(stateKey)
      if (own === undefined) {
        own = { type, stateKey, mentions: [] }
        keys.set(stateKey, own)
        found.push(own)
      }
      own.mentions.push(eventAt(entries, index), from, to)
    }
  }
  return found
}

/** Stands for the event that a state has in the blocks which all share. */
const UNTOUCHED = -1 as EventNid

/** Places lie within each other or beside each other; what a newer block says hides what older ones say. */
function runsOfMentions(mentions: readonly number[], count: number): Runs<EventNid> {
  const runs: Run<EventNid>[] = []
  /** Places that the present one lies within: event and end of each. */
  const open: number[] = []
  let at = 0
  const fill = (to: number, event: number): void => {
    if (to <= at) return
    addRun(runs, to, event as EventNid)
    at = to
  }
  const closeUpTo = (from: number): void => {
    while (open.length > 0 && (open.at(-1) ?? 0) <= from) {
      fill(open.at(-1) ?? 0, open.at(-2) ?? UNTOUCHED)
      open.length -= 2
    }
  }
  for (let index = 0; index < mentions.length; index += 3) {
    const from = mentions[index + 1] ?? 0
    closeUpTo(from)
    fill(from, open.at(-2) ?? UNTOUCHED)
    open.push(mentions[index] ?? NO_NID, mentions[index + 2] ?? count)
  }
  closeUpTo(count)
  fill(count, UNTOUCHED)
  return runs
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
): Suspendable<BlockNeed, readonly StateChange[]> {
  const found = yield* divergences([from, to], reader)
  return found.map(({ type, stateKey, events }) => ({
    type,
    stateKey,
    from: events[0]?.value ?? NO_NID,
    to: events[1]?.value ?? NO_NID,
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
