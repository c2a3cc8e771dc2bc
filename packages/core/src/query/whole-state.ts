import type { ClientEvent, HeaderedEvent } from '@roomserver/api'
import { chainNids } from './auth-chain.ts'
import { clientEvent } from './client-event.ts'
import { readRoom } from './context.ts'
import { authEventsOf, headeredByNid, textsInChunks } from './event-texts.ts'
import { isJoin, memberNids } from './memberships.ts'
import { stateNids } from './state-events.ts'
import type { WholeLists } from './whole-lists.ts'

/** Lists for callers in this process. */
export const LISTS: WholeLists<readonly HeaderedEvent[], readonly ClientEvent[]> = {
  events: headeredByNid,
  state: async (context, room, snapshot) => {
    const nids = await readRoom(context, (view) => stateNids(view, snapshot, []))
    return await headeredByNid(context, room, nids)
  },
  authChain: async (context, room, snapshot) => {
    const nids = await readRoom(context, (view) => stateNids(view, snapshot, []))
    const chain = await chainNids(context, room.nid, await authEventsOf(context, nids))
    return await headeredByNid(context, room, [...chain])
  },
  members: async (context, room, nids, { joinedOnly }) => {
    const events: ClientEvent[] = []
    for await (const texts of textsInChunks(context, room, nids)) {
      for (const text of texts) events.push(clientEvent(text, room.roomId))
    }
    return joinedOnly ? events.filter(isJoin) : events
  },
  joined: async (context, room) =>
    await LISTS.members(context, room, await memberNids(context, room), { joinedOnly: true }),
}
