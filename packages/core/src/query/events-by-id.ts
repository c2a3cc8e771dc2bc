import type {
  HeaderedEvent,
  QueryAuthChainRequest,
  QueryAuthChainResponse,
  QueryEventsByIdRequest,
  QueryEventsByIdResponse,
} from '@roomserver/api'
import type { Asking, EventId, EventRecord } from '@roomserver/types'
import type { Need } from '../view/need.ts'
import type { View } from '../view/view.ts'
import { authChain, storedEvents } from './auth-chain.ts'
import { look, type QueryContext } from './context.ts'
import { headered, rulesOf } from './headered.ts'

/** Events with these IDs, as far as they are stored. */
export async function queryEventsById(
  context: QueryContext,
  { event_ids: ids }: QueryEventsByIdRequest,
): Promise<QueryEventsByIdResponse> {
  const records = await look(context, (view) => storedEvents(view, ids))
  return { events: await headeredOfAnyRoom(context, records) }
}

/** The auth chain of events, they themselves included. */
export async function queryAuthChain(
  context: QueryContext,
  { EventIDs: ids }: QueryAuthChainRequest,
): Promise<QueryAuthChainResponse> {
  const records = await look(context, (view) => chainOfIds(view, ids))
  return { AuthChain: await headeredOfAnyRoom(context, records) }
}

/** The auth chain of events given by ID, as far as they are stored; each room's is its own. */
export function* chainOfIds(view: View, ids: readonly EventId[]): Asking<Need, readonly EventRecord[]> {
  const start = yield* storedEvents(view, ids)
  const chain: EventRecord[] = []
  for (const roomNid of new Set(start.map((record) => record.roomNid))) {
    for (const record of yield* authChain(view, roomNid, start)) chain.push(record)
  }
  return chain
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
