import type { HeaderedEvent } from '@roomserver/api'
import { type EventNid, type EventText, NO_NID } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { giveWay } from '../view/ask.ts'
import { damaged, eventsOf } from '../view/asking.ts'
import { look, type QueryContext } from './context.ts'
import { headered, headeredEvents } from './headered.ts'

/** How many events are read through the cache, which keeps them. */
export const MAX_CACHED = 5_000
/** How many events are read at a time past the cache. */
const CHUNK = 1_000

/**
 * Events as callers get them, in their order. Of very many no more is read than their text, past the cache, which a
 * large room's state would empty of everything else.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one does not exist
 */
export async function headeredByNid(
  context: Pick<QueryContext, 'store' | 'pieces'>,
  nids: readonly EventNid[],
  rules: RoomVersionRules,
): Promise<readonly HeaderedEvent[]> {
  if (nids.length > MAX_CACHED) return await headeredTexts(context, nids, rules)
  return headeredEvents(await look(context, (view) => eventsOf(view, nids)), rules)
}

async function headeredTexts(
  context: Pick<QueryContext, 'store' | 'pieces'>,
  nids: readonly EventNid[],
  rules: RoomVersionRules,
): Promise<readonly HeaderedEvent[]> {
  const events: HeaderedEvent[] = []
  for await (const texts of textsInChunks(context, nids)) {
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
 * Texts of many events, in their order, read past the cache where they are not in it, some at a time; others get a turn
 * between.
 *
 * @throws {RoomserverError} STORE_DAMAGED when one does not exist
 */
export async function* textsInChunks(
  { store, pieces }: Pick<QueryContext, 'store' | 'pieces'>,
  nids: readonly EventNid[],
): AsyncGenerator<readonly EventText[], void, void> {
  for (let from = 0; from < nids.length; from += CHUNK) {
    const chunk = nids.slice(from, from + CHUNK)
    const texts = new Map<EventNid, EventText | undefined>(chunk.map((nid) => [nid, pieces.event(nid)]))
    const missing = chunk.filter((nid) => texts.get(nid) === undefined)
    for (const text of await store.eventTexts(missing)) texts.set(text.nid, text)
    yield chunk.map((nid) => texts.get(nid) ?? damaged(`event NID ${nid} is not stored`))
    await giveWay()
  }
}
