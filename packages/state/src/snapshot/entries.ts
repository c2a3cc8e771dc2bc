import type { EventNid, EventTypeNid, StateEntry, StateKeyNid } from '@roomserver/types'

/**
 * State entries as blocks keep them: (type, state key, event) NIDs, three numbers an entry, sorted by type and state
 * key, each pair once. An event of 0 is a tombstone: the entry of earlier blocks is gone.
 */
export type Entries = Float64Array

/** Numbers that one entry takes. */
export const STRIDE = 3

/** State without a single entry. */
export const NO_ENTRIES: Entries = new Float64Array(0)

/** How many entries there are, tombstones counted. */
export function entryCount(entries: Entries): number {
  return entries.length / STRIDE
}

/** NID of the type of entry number `index`. */
export function typeAt(entries: Entries, index: number): EventTypeNid {
  return entries[index * STRIDE] as EventTypeNid
}

/** NID of the state key of entry number `index`. */
export function stateKeyAt(entries: Entries, index: number): StateKeyNid {
  return entries[index * STRIDE + 1] as StateKeyNid
}

/** NID of the event of entry number `index`; 0: a tombstone. */
export function eventAt(entries: Entries, index: number): EventNid {
  return entries[index * STRIDE + 2] as EventNid
}

/** The number of the first entry, from number `start` on, whose (type, state key) is not below the given one; O(log n). */
export function lowerBound(entries: Entries, type: number, stateKey: number, start = 0): number {
  let low = start
  let high = entryCount(entries)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(entries, middle, type, stateKey)) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether entry number `index` sorts before (type, state key). */
function isBelow(entries: Entries, index: number, type: number, stateKey: number): boolean {
  const typeHere = typeAt(entries, index)
  return typeHere < type || (typeHere === type && stateKeyAt(entries, index) < stateKey)
}

/** The event of an entry: 0 for a tombstone, `undefined` where these entries do not speak of it; O(log n). */
export function findEvent(entries: Entries, type: number, stateKey: number): EventNid | undefined {
  const index = lowerBound(entries, type, stateKey)
  if (index === entryCount(entries)) return undefined
  if (typeAt(entries, index) !== type || stateKeyAt(entries, index) !== stateKey) return undefined
  return eventAt(entries, index)
}

/** Sorts entries into the form of a block. Of several for the same (type, state key) the last one counts. */
export function entriesFrom(list: readonly StateEntry[]): Entries {
  const order = list.map((_, index) => index)
  // Sorting is stable: of equal ones the last stays the last.
  order.sort((a, b) => compare(list[a], list[b]))
  const entries = new Float64Array(list.length * STRIDE)
  let length = 0
  order.forEach((from, place) => {
    const next = order[place + 1]
    const entry = list[from]
    if (entry === undefined || (next !== undefined && compare(entry, list[next]) === 0)) return
    entries[length] = entry.type
    entries[length + 1] = entry.stateKey
    entries[length + 2] = entry.event
    length += STRIDE
  })
  return entries.slice(0, length)
}

function compare(a: StateEntry | undefined, b: StateEntry | undefined): number {
  if (a === undefined || b === undefined) return 0
  return a.type - b.type || a.stateKey - b.stateKey
}

/** Entry after entry, in order, as objects; tombstones with event 0. */
export function* eachEntry(entries: Entries): Generator<StateEntry, void, void> {
  for (let index = 0; index < entryCount(entries); index++) {
    yield {
      type: typeAt(entries, index),
      stateKey: stateKeyAt(entries, index),
      event: eventAt(entries, index),
    }
  }
}
