import type {
  HeaderedEvent,
  QueryAuthChainRequest,
  QueryAuthChainResponse,
  QueryEventsByIdRequest,
  QueryEventsByIdResponse,
} from '@roomserver/api'
import type { Suspendable, EventId, EventNid, EventRecord, RoomNid } from '@roomserver/types'
import { eventsWithIds, passEventsWithIds } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import type { View } from '../view/view.ts'
import { chainNids } from './auth-chain.ts'
import { readRoom, type QueryContext, letOthers } from './context.ts'
import { CHUNK, textsInChunks } from './event-texts.ts'
import { headered, rulesOf } from '../output/headered.ts'

/** Events of any rooms, in chunks that are made as they are asked for; a chunk may be empty. */
type Chunks = AsyncGenerator<readonly HeaderedEvent[], void, void>

/** Events with these IDs, as far as they are stored. */
export async function queryEventsById(
  context: QueryContext,
  request: QueryEventsByIdRequest,
): Promise<QueryEventsByIdResponse> {
  return { events: await allOf(eventsByIdInChunks(context, request)) }
}

/** The auth chain of events, they themselves included. */
export async function queryAuthChain(
  context: QueryContext,
  request: QueryAuthChainRequest,
): Promise<QueryAuthChainResponse> {
  return { AuthChain: await allOf(authChainInChunks(context, request)) }
}

async function allOf(chunks: Chunks): Promise<readonly HeaderedEvent[]> {
  const events: HeaderedEvent[] = []
  for await (const chunk of chunks) events.push(...chunk)
  return events
}

export async function* eventsByIdInChunks(
  context: QueryContext,
  { event_ids }: QueryEventsByIdRequest,
): Chunks {
  const ids = [...new Set(event_ids)]
  for (let from = 0; from < ids.length; from += CHUNK) {
    if (from > 0) await letOthers(context)
    const found = await readRoom(context, (view) => eventsWithIds(view, ids.slice(from, from + CHUNK)))
    yield await headeredOfAnyRoom(
      context,
      found.filter((record) => record !== null),
    )
  }
}

/** Each room's chain is its own: whatever is of another room is not walked through. */
export async function* authChainInChunks(context: QueryContext, { EventIDs }: QueryAuthChainRequest): Chunks {
  const start = await readRoom(context, (view) => nidsByRoom(view, [...new Set(EventIDs)]))
  for (const [roomNid, nids] of start) {
    const [room] = await context.store.roomsByNid([roomNid])
    if (room === undefined) continue
    const rules = rulesOf(room)
    const chain = await chainNids(context, roomNid, nids)
    for await (const texts of textsInChunks(context, room, [...chain])) {
      yield texts.map((text) => headered(text, rules))
    }
  }
}

function* nidsByRoom(
  view: View,
  ids: readonly EventId[],
): Suspendable<Need, ReadonlyMap<RoomNid, readonly EventNid[]>> {
  const found = new Map<RoomNid, EventNid[]>()
  yield* passEventsWithIds(view, ids, (record) => {
    if (record === null) return
    const ofRoom = found.get(record.roomNid)
    if (ofRoom === undefined) found.set(record.roomNid, [record.nid])
    else ofRoom.push(record.nid)
  })
  return found
}

async function headeredOfAnyRoom(
  { store }: QueryContext,
  records: readonly EventRecord[],
): Promise<readonly HeaderedEvent[]> {
  const rooms = await store.roomsByNid([...new Set(records.map((record) => record.roomNid))])
  const rules = new Map(rooms.map((room) => [room.nid, rulesOf(room)]))
  return records.flatMap((record) => {
    const ofRoom = rules.get(record.roomNid)
    return ofRoom === undefined ? [] : [headered(record, ofRoom)]
  })
}
