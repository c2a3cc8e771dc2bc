import type { StateChange } from '@roomserver/api'
import type { StateChange as StoredChange } from '@roomserver/state'
import { type EventNid, NO_NID, type Suspendable } from '@roomserver/types'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { tuplesOf } from '../read/records.ts'
import { type RoomView, summariesOf } from '../read/room-view.ts'

/** Changes of a state in words. */
export function* stateChanges(
  reader: RecordReader,
  view: RoomView,
  changes: readonly StoredChange[],
): Suspendable<RecordNeed, readonly StateChange[]> {
  const tuples = yield* tuplesOf(reader, changes)
  const find = yield* summaryFinder(
    reader,
    view,
    changes.flatMap(({ from, to }) => [from, to]),
  )
  return changes.map(({ from, to }, at) => {
    const [type = '', stateKey = ''] = tuples[at] ?? []
    return { type, state_key: stateKey, from: find(from), to: find(to) }
  })
}

/** Loads events; afterwards they are found by their NIDs, `null` for 0. */
export function* summaryFinder(
  reader: RecordReader,
  view: RoomView,
  nids: readonly EventNid[],
): Suspendable<RecordNeed, (nid: EventNid) => StateChange['from']> {
  const wanted = [...new Set(nids)].filter((nid) => nid !== NO_NID)
  const summaries = yield* summariesOf(reader, view, wanted)
  const byNid = new Map(wanted.map((nid, at) => [nid, summaries[at]]))
  return (nid) => byNid.get(nid) ?? null
}
