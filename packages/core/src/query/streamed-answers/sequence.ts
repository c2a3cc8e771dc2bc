import { type Entries, entryCount, eventAt } from '@roomserver/state'
import type { BlockNid, EventNid } from '@roomserver/types'

/** Events in an order that never changes. */
export interface Sequence {
  /** Different for different events. */
  readonly name: string
  readonly length: number
  /** 0: no event there. */
  nidAt(index: number): EventNid
}

/** How many neighbours are written, read and kept together. */
const PAGE = 128

/** Places of one page, from number `from` of the sequence on, up to number `to`. */
export interface PageRange {
  readonly from: number
  readonly to: number
}

/** The page with place number `at`. */
export function pageAt({ length }: Sequence, at: number): PageRange {
  const from = at - (at % PAGE)
  return { from, to: Math.min(from + PAGE, length) }
}

/** The events of a page, 0 where there is none. */
export function nidsOfPage(sequence: Sequence, { from, to }: PageRange): readonly EventNid[] {
  return Array.from({ length: to - from }, (_unused, index) => sequence.nidAt(from + index))
}

/** The events of a block of state. */
export function blockSequence(nid: BlockNid, entries: Entries): Sequence {
  return {
    name: `block ${nid}`,
    length: entryCount(entries),
    nidAt: (index) => eventAt(entries, index),
  }
}
