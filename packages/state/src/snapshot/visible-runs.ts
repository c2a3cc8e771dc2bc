import type { EventTypeNid } from '@roomserver/types'
import { type Entries, entryCount, eventAt, lowerBound, stateKeyAt, typeAt } from './entries.ts'

/** Neighbouring entries of one block. */
export interface Run {
  /** Which block of the snapshot, the oldest being 0. */
  readonly layer: number
  readonly from: number
  /** Behind the last one. */
  readonly to: number
}

/**
 * Where a snapshot has the entries that it shows, without tombstones: what {@link allEntries} gives, told as places in
 * its blocks, so that what was made of a block's entries serves every snapshot with that block.
 *
 * Block by block, the oldest first, and not in the order of types and state keys: there are as many runs as blocks and
 * entries that newer blocks hide, however the entries of the blocks alternate. Each is looked for when it is read.
 *
 * @param layers - the entries of each block, oldest first
 * @param type - of this type only
 */
export function* visibleRuns(layers: readonly Entries[], type?: EventTypeNid): Generator<Run, void, void> {
  for (const [layer, entries] of layers.entries()) {
    const { from, to } = boundsOf(entries, type)
    const above = layers.slice(layer + 1).map((newer) => new Overlap(entries, newer, from, to))
    let at = from
    for (;;) {
      const hidden = Math.min(to, ...above.map((overlap) => overlap.next(at)))
      yield* withoutTombstones(entries, { layer, from: at, to: hidden })
      if (hidden === to) break
      at = hidden + 1
    }
  }
}

function boundsOf(entries: Entries, type: EventTypeNid | undefined): Omit<Run, 'layer'> {
  if (type === undefined) return { from: 0, to: entryCount(entries) }
  return { from: lowerBound(entries, type, 0), to: lowerBound(entries, type + 1, 0) }
}

/** Which entries of a block a newer one has as well; gone through from the front. */
class Overlap {
  readonly #older: Entries
  readonly #newer: Entries
  readonly #end: number
  #at: number
  #newerAt = 0

  constructor(older: Entries, newer: Entries, from: number, end: number) {
    this.#older = older
    this.#newer = newer
    this.#end = end
    this.#at = from - 1
  }

  /** The first of them from place `at` of the older block on; its end where there is none. */
  next(at: number): number {
    if (this.#at < at) this.#at = this.#search(at)
    return this.#at
  }

  /** Each block in turn goes on to where the other one is: O(log entries) for each time that they alternate. */
  #search(at: number): number {
    const [older, newer] = [this.#older, this.#newer]
    let place = at
    for (;;) {
      if (place >= this.#end) return this.#end
      const [type, stateKey] = [typeAt(older, place), stateKeyAt(older, place)]
      this.#newerAt = lowerBound(newer, type, stateKey, this.#newerAt)
      if (this.#newerAt === entryCount(newer)) return this.#end
      const [newerType, newerKey] = [typeAt(newer, this.#newerAt), stateKeyAt(newer, this.#newerAt)]
      if (newerType === type && newerKey === stateKey) return place
      place = lowerBound(older, newerType, newerKey, place)
    }
  }
}

function* withoutTombstones(entries: Entries, { layer, from, to }: Run): Generator<Run, void, void> {
  let start = from
  for (let index = from; index < to; index++) {
    if (eventAt(entries, index) !== 0) continue
    if (start < index) yield { layer, from: start, to: index }
    start = index + 1
  }
  if (start < to) yield { layer, from: start, to }
}
