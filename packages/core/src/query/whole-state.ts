import type { HeaderedEvent } from '@roomserver/api'
import type { EventNid, RoomRecord, SnapshotNid } from '@roomserver/types'
import type { Weighed } from '../view/answer-lists.ts'
import { eventsOf } from '../view/asking.ts'
import { authChain } from './auth-chain.ts'
import { look, type QueryContext } from './context.ts'
import { citedBy, headeredByNid } from './event-texts.ts'
import { headeredEvents, rulesOf } from './headered.ts'
import { stateNids } from './state-events.ts'

type Context = Pick<QueryContext, 'store' | 'pieces'>

/** All events of a state of a room. */
export function wholeStateEvents(
  context: Context,
  room: RoomRecord,
  snapshot: SnapshotNid,
): Promise<readonly HeaderedEvent[]> {
  return context.pieces.lists.of({ kind: 'state', room: room.nid, snapshot }, async () => {
    const nids = await look(context, (view) => stateNids(view, snapshot, []))
    return weighed(await headeredByNid(context, nids, rulesOf(room)))
  })
}

/** The auth chain of a whole state: what its events cite, what that cites, and so on. */
export function authChainOfState(
  context: Context,
  room: RoomRecord,
  snapshot: SnapshotNid,
): Promise<readonly HeaderedEvent[]> {
  return context.pieces.lists.of({ kind: 'auth-chain', room: room.nid, snapshot }, async () => {
    const cited = await citedBy(context, await look(context, (view) => stateNids(view, snapshot, [])))
    return weighed(await authChainOf(context, room, cited))
  })
}

/** The auth chain of events, they themselves included. */
export async function authChainOf(
  context: Context,
  room: RoomRecord,
  nids: readonly EventNid[],
): Promise<readonly HeaderedEvent[]> {
  const chain = await look(context, function* (view) {
    return yield* authChain(view, yield* eventsOf(view, nids))
  })
  return headeredEvents(chain, rulesOf(room))
}

/** A list of events with what it takes: each text, the same as bytes, and what holds them. */
function weighed(list: readonly HeaderedEvent[]): Weighed<HeaderedEvent> {
  return { list, bytes: list.reduce((sum, { json }) => sum + 200 + json.length * 2, 0) }
}
