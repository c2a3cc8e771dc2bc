import type { HeaderedEvent } from '@roomserver/api'
import { type EventNid, type EventText, NO_NID, type RoomRecord } from '@roomserver/types'
import { damaged } from '../view/damaged.ts'
import { eventsOf } from '../view/reads.ts'
import { pastCache } from './past-cache.ts'
import { readRoom, type QueryContext, letOthers } from './context.ts'
import { headered, rulesOf } from '../output/headered.ts'

/** How many events are read through the cache, which keeps them. */
const MAX_CACHED = 5_000
/** How many events are read and held at a time: an event may have 64 KiB. */
export const CHUNK = 128

type Context = Pick<QueryContext, 'store' | 'cache' | 'gone'>

/**
 * Events of a room as callers get them, in their order; whatever is of another room is left out.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one does not exist
 */
export async function headeredByNid(
  context: Context,
  room: RoomRecord,
  nids: readonly EventNid[],
): Promise<readonly HeaderedEvent[]> {
  const rules = rulesOf(room)
  const events: HeaderedEvent[] = []
  for await (const texts of textsInChunks(context, room, nids)) {
    for (const text of texts) events.push(headered(text, rules))
  }
  return events
}

/** What these events reference as auth events, each once. Of very many no more is held than some at a time. */
export async function authEventsOf(
  context: Context,
  nids: readonly EventNid[],
): Promise<readonly EventNid[]> {
  const referenced = new Set<EventNid>()
  for (let from = 0; from < nids.length; from += CHUNK) {
    const chunk = nids.slice(from, from + CHUNK)
    const records =
      nids.length > MAX_CACHED
        ? await pastCache(context.cache, chunk, (missing) => context.store.eventsByNid(missing))
        : await readRoom(context, (view) => eventsOf(view, chunk))
    for (const record of records.values())
      for (const nid of record.authNids) if (nid !== NO_NID) referenced.add(nid)
    await letOthers(context)
  }
  return [...referenced]
}

/**
 * Events of a room, in their order and some at a time; others get a turn between. Of very many no more is read than their
 * text, past the cache, which a large room's state would empty of everything else.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one does not exist
 */
export async function* textsInChunks(
  context: Context,
  room: Pick<RoomRecord, 'nid'>,
  nids: readonly EventNid[],
): AsyncGenerator<readonly EventText[], void, void> {
  for (let from = 0; from < nids.length; from += CHUNK) {
    if (from > 0) await letOthers(context)
    const chunk = nids.slice(from, from + CHUNK)
    const found =
      nids.length > MAX_CACHED
        ? await textsOf(context, chunk)
        : await readRoom(context, (view) => eventsOf(view, chunk))
    yield found.filter(({ roomNid }) => roomNid === room.nid)
  }
}

async function textsOf({ store, cache }: Context, nids: readonly EventNid[]): Promise<readonly EventText[]> {
  const texts = await pastCache(cache, nids, (missing) => store.eventTexts(missing))
  return nids.map((nid) => texts.get(nid) ?? damaged('a referenced event is not stored'))
}
