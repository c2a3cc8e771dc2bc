import { type EventNid, type EventRecord, NO_NID, type RoomRecord } from '@roomserver/types'
import { giveWay } from '../../view/ask.ts'
import type { QueryContext } from '../context.ts'
import { nidsOfPage, type PageRange, pagesOf, type Sequence } from './sequence.ts'
import type { Shown } from './shown-state.ts'

type Context = Pick<QueryContext, 'store' | 'pieces'>

/** What neighbouring events cite as auth events, one after the other. */
interface CitedPage {
  readonly nids: Float64Array
  readonly ends: Uint32Array
}

/** What these events cite as auth events, each once. Pages are kept, so that a change costs no more than its own. */
export async function citedByState(
  context: Context,
  room: RoomRecord,
  { sequences, runs }: Shown,
): Promise<ReadonlySet<EventNid>> {
  const cited = new Set<EventNid>()
  for (const run of runs) {
    const sequence = sequences[run.layer]
    if (sequence === undefined) continue
    for (const range of pagesOf(sequence, run)) {
      const { nids, ends } = await citedPage(context, room, sequence, range)
      const from = Math.max(run.from - range.from, 0)
      const to = Math.min(run.to, range.to) - range.from
      for (const nid of nids.subarray(ends[from - 1] ?? 0, ends[to - 1])) cited.add(nid as EventNid)
    }
  }
  return cited
}

async function citedPage(
  context: Context,
  room: RoomRecord,
  sequence: Sequence,
  range: PageRange,
): Promise<CitedPage> {
  const { pages } = context.pieces
  const name = `cited ${sequence.name} ${range.from} ${range.to}`
  const kept = pages.get<CitedPage>(room.nid, name)
  if (kept !== undefined) return kept
  const rewritten = pages.rewrittenOf(room.nid)
  const page = toPage(await recordsOf(context, nidsOfPage(sequence, range)))
  pages.put(name, page, 300 + page.nids.byteLength + page.ends.byteLength, rewritten)
  await giveWay()
  return page
}

function toPage(records: readonly (EventRecord | undefined)[]): CitedPage {
  const nids: EventNid[] = []
  const ends = new Uint32Array(records.length)
  for (const [index, record] of records.entries()) {
    for (const nid of record?.authNids ?? []) if (nid !== NO_NID) nids.push(nid)
    ends[index] = nids.length
  }
  return { nids: Float64Array.from(nids), ends }
}

/** Events in their order, past the cache where they are not in it; `undefined` where there is none. */
export async function recordsOf(
  { store, pieces }: Context,
  nids: readonly EventNid[],
): Promise<readonly (EventRecord | undefined)[]> {
  const records = new Map(nids.map((nid) => [nid, pieces.event(nid)]))
  const missing = nids.filter((nid) => nid !== NO_NID && records.get(nid) === undefined)
  if (missing.length > 0) for (const read of await store.eventsByNid(missing)) records.set(read.nid, read)
  return nids.map((nid) => records.get(nid))
}
