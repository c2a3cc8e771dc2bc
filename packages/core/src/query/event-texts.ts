import type { HeaderedEvent } from '@roomserver/api'
import { type EventNid, type EventText, NO_NID, type RoomRecord } from '@roomserver/types'
import { giveWay } from '../view/ask.ts'
import { damaged, eventsOf } from '../view/asking.ts'
import { look, type QueryContext } from './context.ts'
import { headered, headeredEvents, rulesOf } from './headered.ts'

/** How many events are read through the cache, which keeps them. */
export const MAX_CACHED = 5_000
/** How many events are read at a time past the cache. */
const CHUNK = 1_000

/**
 * Events of a room as callers get them, in their order; whatever is of another room is left out. Of very many no more is read than their text, past the cache, which a
 * large room's state would empty of everything else.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one does not exist
 */
export async function headeredByNid(
  context: Pick<QueryContext, 'store' | 'pieces'>,
  room: RoomRecord,
  nids: readonly EventNid[],
): Promise<readonly HeaderedEvent[]> {
  if (nids.length > MAX_CACHED) return await headeredTexts(context, room, nids)
  const records = await look(context, (view) => eventsOf(view, nids))
  return headeredEvents(
    records.filter(({ roomNid }) => roomNid === room.nid),
    rulesOf(room),
  )
}

async function headeredTexts(
  context: Pick<QueryContext, 'store' | 'pieces'>,
  room: RoomRecord,
  nids: readonly EventNid[],
): Promise<readonly HeaderedEvent[]> {
  const events: HeaderedEvent[] = []
  const rules = rulesOf(room)
  for await (const texts of textsInChunks(context, room, nids)) {
    for (const text of texts) events.push(headered(text, rules))
  }
  return events
}

/** What these events cite as auth events, each once. Of very many no more is held than some at a time. */
export async function citedBy(
  context: Pick<QueryContext, 'store' | 'pieces'>,
  nids: readonly EventNid[],
): Promise<readonly EventNid[]> {
  const cited = new Set<EventNid>()
  for (let from = 0; from < nids.length; from += CHUNK) {
    const chunk = nids.slice(from, from + CHUNK)
    const records =
      nids.length > MAX_CACHED
        ? await context.store.eventsByNid(chunk)
        : await look(context, (view) => eventsOf(view, chunk))
    for (const record of records) for (const nid of record.authNids) if (nid !== NO_NID) cited.add(nid)
    await giveWay()
  }
  return [...cited]
}

/**
 * Texts of many events of a room, in their order, read past the cache where they are not in it, some at a time; others get a turn
 * between.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one does not exist
 */
export async function* textsInChunks(
  { store, pieces }: Pick<QueryContext, 'store' | 'pieces'>,
  room: Pick<RoomRecord, 'nid'>,
  nids: readonly EventNid[],
): AsyncGenerator<readonly EventText[], void, void> {
  for (let from = 0; from < nids.length; from += CHUNK) {
    const chunk = nids.slice(from, from + CHUNK)
    const texts = new Map<EventNid, EventText | undefined>(chunk.map((nid) => [nid, pieces.event(nid)]))
    const missing = chunk.filter((nid) => texts.get(nid) === undefined)
    for (const text of await store.eventTexts(missing)) texts.set(text.nid, text)
    const found = chunk.map((nid) => texts.get(nid) ?? damaged(`event NID ${nid} is not stored`))
    yield found.filter(({ roomNid }) => roomNid === room.nid)
    await giveWay()
  }
}
