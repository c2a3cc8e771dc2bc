import { type EventNid, type EventRecord, NO_NID, type RoomRecord } from '@roomserver/types'
import { TimeSlice } from '../../view/time-slice.ts'
import type { QueryContext } from '../context.ts'
import { pastCache } from '../past-cache.ts'
import { pageParts } from './page-parts.ts'
import { nidsOfPage, type PageRange, type Sequence } from './sequence.ts'
import type { Shown } from './shown-state.ts'

type Context = Pick<QueryContext, 'store' | 'cache' | 'gone'>

/** What neighbouring events reference as auth events, one after the other. */
interface AuthEventsPage {
  readonly nids: Float64Array
  readonly ends: Uint32Array
}

/** What these events reference as auth events, each once. Pages are kept, so that a change costs no more than its own. */
export async function authEventsOfState(
  context: Context,
  room: RoomRecord,
  state: Shown,
): Promise<ReadonlySet<EventNid>> {
  const referenced = new Set<EventNid>()
  const slice = new TimeSlice(context.gone)
  const open = (sequence: Sequence, range: PageRange) => authEventsPage(context, room, sequence, range)
  for (const part of pageParts(state, open)) {
    if (part instanceof Promise) {
      await part
    } else {
      const { page, from, to } = part
      for (const nid of page.nids.subarray(page.ends[from - 1] ?? 0, page.ends[to - 1]))
        referenced.add(nid as EventNid)
    }
    if (slice.isOver) await slice.next()
  }
  return referenced
}

function* authEventsPage(
  { store, cache }: Context,
  room: RoomRecord,
  sequence: Sequence,
  range: PageRange,
): Generator<Promise<void>, AuthEventsPage, void> {
  const { pages } = cache
  const name = `referenced ${sequence.name} ${range.from} ${range.to}`
  const kept = pages.get<AuthEventsPage>(room.nid, name)
  if (kept !== undefined) return kept
  const rewritten = pages.rewrittenOf(room.nid)
  const nids = nidsOfPage(sequence, range)
  let records: ReadonlyMap<EventNid, EventRecord> = new Map()
  yield pastCache(cache, nids, (missing) => store.eventsByNid(missing)).then((found) => {
    records = found
  })
  const page = toPage(nids.map((nid) => records.get(nid)))
  pages.put(name, page, 300 + page.nids.byteLength + page.ends.byteLength, rewritten)
  return page
}

function toPage(records: readonly (EventRecord | undefined)[]): AuthEventsPage {
  const nids: EventNid[] = []
  const ends = new Uint32Array(records.length)
  for (const [index, record] of records.entries()) {
    for (const nid of record?.authNids ?? []) if (nid !== NO_NID) nids.push(nid)
    ends[index] = nids.length
  }
  return { nids: Float64Array.from(nids), ends }
}
