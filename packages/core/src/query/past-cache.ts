import { type EventNid, type EventRecord, NO_NID } from '@roomserver/types'
import type { RecordCache } from '../view/record-cache.ts'

/**
 * Finds events by NID and leaves the cache as it is: from there where it has them, the others read, each once. Those that do
 * not exist are left out.
 *
 * @param read - reads events, or what is wanted of them; called only where the cache lacks some
 */
export async function pastCache<Row extends { readonly nid: EventNid }>(
  cache: Pick<RecordCache, 'event'>,
  nids: readonly EventNid[],
  read: (missing: readonly EventNid[]) => Promise<readonly Row[]>,
): Promise<ReadonlyMap<EventNid, Row | EventRecord>> {
  const found = new Map<EventNid, Row | EventRecord>()
  const missing = new Set<EventNid>()
  for (const nid of nids) {
    const cached = cache.event(nid)
    if (cached !== undefined) found.set(nid, cached)
    else if (nid !== NO_NID) missing.add(nid)
  }
  if (missing.size > 0) for (const row of await read([...missing])) found.set(row.nid, row)
  return found
}
