import type { EventNid, NidSpan } from '@roomserver/types'
import { invalidArgument } from '../failures.ts'

/** Greater than every NID. */
const NO_END = Number.MAX_SAFE_INTEGER as EventNid
/** So many spans are kept; each is one read of a page. */
const MAX_SPANS = 32
/** A gap of fewer NIDs is one that hardly more than a commit is at work on: the first that is given up. */
const SMALL = 64

/**
 * The NIDs of events that a reader of all rooms has not seen, in ascending order; the last span has no end. Processes take
 * NIDs out of ranges of their own, and commits end in another order than they began: that a greater NID was seen says nothing
 * about those before it.
 */
export type UnseenEvents = readonly NidSpan[]

/** What arrives from now on, where some NIDs before the latest one may still be used. */
export function unseenFrom(latest: EventNid, unused: readonly NidSpan[]): UnseenEvents {
  return bounded([...unused, { after: latest, before: NO_END }])
}

/** What is unseen when some of it was seen. */
export function withoutSeen(unseen: UnseenEvents, seen: readonly EventNid[]): UnseenEvents {
  const left: NidSpan[] = []
  const ordered = seen.toSorted((a, b) => a - b)
  let at = 0
  for (const { after: start, before } of unseen) {
    let after = start
    for (; at < ordered.length; at++) {
      const nid = ordered[at] ?? NO_END
      if (nid >= before) break
      if (nid - after > 1) left.push({ after, before: nid })
      after = nid
    }
    if (before - after > 1) left.push({ after, before })
  }
  return bounded(left)
}

/** Whether an event was not seen. */
export function isUnseen(unseen: UnseenEvents, nid: EventNid): boolean {
  return unseen.some(({ after, before }) => nid > after && nid < before)
}

/** Gives up the lowest small gaps, or else the lowest: NIDs in them were lost, or belong to a process that ended. */
function bounded(spans: UnseenEvents): UnseenEvents {
  const kept = [...spans]
  while (kept.length > MAX_SPANS) {
    const small = kept.findIndex(({ after, before }) => before - after <= SMALL)
    kept.splice(small < 0 ? 0 : small, 1)
  }
  return kept
}

/** A cursor that {@link unseenIn} reads. */
export function unseenCursor(unseen: UnseenEvents): string {
  return unseen.map(({ after, before }) => (before === NO_END ? `${after}` : `${after}-${before}`)).join('.')
}

/**
 * Reads a cursor.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export function unseenIn(cursor: string): UnseenEvents {
  const spans = cursor.split('.', MAX_SPANS + 1).map(spanIn)
  const isAscending = spans.every(({ after, before }, at) => {
    const next = spans[at + 1]
    return after < before && (next === undefined ? before === NO_END : before <= next.after)
  })
  if (isAscending && spans.length <= MAX_SPANS) return spans
  throw invalidArgument('cursor', '`next` of an earlier page')
}

function spanIn(text: string): NidSpan {
  const [, after = '', before] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? []
  const end = before === undefined ? NO_END : (Number(before) as EventNid)
  return after === '' ? { after: NO_END, before: NO_END } : { after: Number(after) as EventNid, before: end }
}
