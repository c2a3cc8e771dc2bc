import type { Suspendable, EventId, EventNid, EventRecord, RoomNid } from '@roomserver/types'
import { damaged } from '../view/damaged.ts'
import { eventsOf, eventsWithIds } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import type { View } from '../view/view.ts'
import { letOthers, type QueryContext } from './context.ts'
import { pastCache } from './past-cache.ts'

type Context = Pick<QueryContext, 'store' | 'cache' | 'gone'>

/** How many events of a chain are looked at in one go. */
const CHUNK = 128

/**
 * The same by NIDs alone, generation by generation, so that no more events are held than some at a time.
 *
 * @param isNew - whether an event belongs to what is wanted of the chain, and may reference more of that
 * @throws {RoomserverError} STORE_DAMAGED when an event of it does not exist
 */
export async function chainNids(
  context: Context,
  roomNid: RoomNid,
  start: Iterable<EventNid>,
  isNew: (nid: EventNid) => boolean = () => true,
): Promise<ReadonlySet<EventNid>> {
  const found = new Set<EventNid>()
  const isMissing = (nid: EventNid) => !found.has(nid) && isNew(nid)
  let generation = [...new Set(start)].filter(isMissing)
  while (generation.length > 0) {
    const next = new Set<EventNid>()
    for (let from = 0; from < generation.length; from += CHUNK) {
      for (const record of await storedOf(context, generation.slice(from, from + CHUNK))) {
        if (record.roomNid !== roomNid) continue
        found.add(record.nid)
        for (const nid of record.authNids) next.add(nid)
      }
      await letOthers(context)
    }
    generation = [...next].filter(isMissing)
  }
  return found
}

async function storedOf(
  { store, cache }: Context,
  nids: readonly EventNid[],
): Promise<readonly EventRecord[]> {
  const records = await pastCache(cache, nids, (missing) => store.eventsByNid(missing))
  return nids.map((nid) => records.get(nid) ?? damaged('an event of an auth chain is not stored'))
}

/**
 * The auth chain of events of a room, they themselves included: everything that they reference as auth events, and so on.
 * Whatever is of another room is left out, and not walked through. O(chain), one read for each generation.
 */
export function* authChain(
  view: View,
  roomNid: RoomNid,
  start: Iterable<EventRecord>,
): Suspendable<Need, readonly EventRecord[]> {
  const chain = new Map<EventNid, EventRecord>()
  let generation = [...start].filter((record) => record.roomNid === roomNid)
  while (generation.length > 0) {
    const referenced = new Set<EventNid>()
    for (const record of generation) chain.set(record.nid, record)
    for (const record of generation) {
      for (const nid of record.authNids) if (!chain.has(nid)) referenced.add(nid)
    }
    generation = (yield* eventsOf(view, [...referenced])).filter((record) => record.roomNid === roomNid)
    yield
  }
  return [...chain.values()]
}

/** Those of the events that are stored, each once. */
export function* storedEvents(
  view: View,
  ids: readonly EventId[],
): Suspendable<Need, readonly EventRecord[]> {
  const records = yield* eventsWithIds(view, [...new Set(ids)])
  return records.filter((record) => record !== null)
}
