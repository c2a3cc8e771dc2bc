import type { ClientEvent, HeaderedEvent } from '@roomserver/api'
import type { EventNid, RoomRecord } from '@roomserver/types'
import { eventsOf } from '../view/asking.ts'
import { authChain } from './auth-chain.ts'
import { look, type QueryContext } from './context.ts'
import { citedBy, headeredByNid } from './event-texts.ts'
import { headeredEvents, rulesOf } from './headered.ts'
import { joinedNow } from './memberships.ts'
import { stateNids } from './state-events.ts'
import type { WholeLists } from './whole-lists.ts'

/** Lists for callers in this process. */
export const LISTS: WholeLists<readonly HeaderedEvent[], readonly ClientEvent[]> = {
  state: async (context, room, snapshot) => {
    const nids = await look(context, (view) => stateNids(view, snapshot, []))
    return await headeredByNid(context, room, nids)
  },
  authChain: async (context, room, snapshot) => {
    const nids = await look(context, (view) => stateNids(view, snapshot, []))
    return await authChainOf(context, room, await citedBy(context, nids))
  },
  joined: joinedNow,
}

/** The auth chain of events, they themselves included. */
export async function authChainOf(
  context: Pick<QueryContext, 'pieces'>,
  room: RoomRecord,
  nids: readonly EventNid[],
): Promise<readonly HeaderedEvent[]> {
  const chain = await look(context, function* (view) {
    return yield* authChain(view, room.nid, yield* eventsOf(view, nids))
  })
  return headeredEvents(chain, rulesOf(room))
}
