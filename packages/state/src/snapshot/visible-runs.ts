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
 * Where a snapshot has the entries that it shows, in their order and without tombstones: what {@link allEntries} gives,
 * told as places in its blocks, so that what was made of a block's entries serves every snapshot with that block.
 *
 * @param layers - the entries of each block, oldest first
 * @param type - of this type only
 */
export function visibleRuns(layers: readonly Entries[], type?: EventTypeNid): readonly Run[] {
  let runs: readonly Run[] = []
  for (let layer = layers.length - 1; layer >= 0; layer--) {
    const entries = layers[layer]
    if (entries !== undefined) runs = laidOver(layers, { layer, ...boundsOf(entries, type) }, runs)
  }
  return shown(layers, runs)
}

function boundsOf(entries: Entries, type: EventTypeNid | undefined): Omit<Run, 'layer'> {
  if (type === undefined) return { from: 0, to: entryCount(entries) }
  return { from: lowerBound(entries, type, 0), to: lowerBound(entries, type + 1, 0) }
}

/** Runs of newer blocks over an older one, of which they hide what they have themselves. O(newer × log older). */
function laidOver(layers: readonly Entries[], older: Run, newer: readonly Run[]): readonly Run[] {
  const { layer, to: end } = older
  const below = layers[layer]
  if (below === undefined) return newer
  const runs: Run[] = []
  let at = older.from
  for (const run of newer) {
    const above = layers[run.layer]
    if (above === undefined) continue
    let { from } = run
    for (; from < run.to && at < end; from++) {
      const type = typeAt(above, from)
      const stateKey = stateKeyAt(above, from)
      const place = Math.min(lowerBound(below, type, stateKey, at), end)
      add(runs, layer, at, place)
      add(runs, run.layer, from, from + 1)
      const isHidden = place < end && typeAt(below, place) === type && stateKeyAt(below, place) === stateKey
      at = isHidden ? place + 1 : place
    }
    add(runs, run.layer, from, run.to)
  }
  add(runs, layer, at, end)
  return runs
}

function shown(layers: readonly Entries[], runs: readonly Run[]): readonly Run[] {
  const kept: Run[] = []
  for (const { layer, from, to } of runs) {
    const entries = layers[layer]
    if (entries === undefined) continue
    let start = from
    for (let index = from; index < to; index++) {
      if (eventAt(entries, index) !== 0) continue
      add(kept, layer, start, index)
      start = index + 1
    }
    add(kept, layer, start, to)
  }
  return kept
}

function add(runs: Run[], layer: number, from: number, to: number): void {
  if (from >= to) return
  const last = runs.at(-1)
  if (last?.layer === layer && last.to === from) runs[runs.length - 1] = { layer, from: last.from, to }
  else runs.push({ layer, from, to })
}
