import { ClientEvent, encode, HeaderedEvent, type StreamedList } from '@roomserver/api'
import type { RoomRecord } from '@roomserver/types'
import { clientEvent } from '../client-event.ts'
import { readRoom } from '../context.ts'
import { CHUNK, headeredByNid, textsInChunks } from '../event-texts.ts'
import { headered, rulesOf } from '../../output/headered.ts'
import { isJoin } from '../memberships.ts'
import type { WholeLists } from '../whole-lists.ts'
import { chainOfState } from './chain-of-state.ts'
import { shownState } from './shown-state.ts'
import { type Form, streamedEvents } from './streamed-events.ts'
import { LIST, streamedInChunks } from './streamed-in-chunks.ts'

/** Lists for callers who send them on: written, and as far as there is room, written once. */
export const STREAMED_LISTS: WholeLists<StreamedList, StreamedList> = {
  events: async (context, room, nids) => {
    if (nids.length <= CHUNK) return await headeredByNid(context, room, nids)
    const { write } = withHeaders(room)
    return streamedInChunks(() => textsInChunks(context, room, nids), write, LIST)
  },
  state: async (context, room, snapshot) => {
    const state = await readRoom(context, (view) => shownState(view, snapshot))
    return streamedEvents(context, room, state, withHeaders(room))
  },
  authChain: async (context, room, snapshot) => {
    const state = await readRoom(context, (view) => shownState(view, snapshot))
    return streamedEvents(context, room, await chainOfState(context, room, state), withHeaders(room))
  },
  members: async (context, room, nids, { joinedOnly }) => {
    const { write } = joinedOnly ? joinForClients(room) : memberForClients(room)
    return streamedInChunks(() => textsInChunks(context, room, nids), write, LIST)
  },
  joined: async (context, room) => {
    const members = await readRoom(context, (view) => shownState(view, room.current, 'm.room.member'))
    return streamedEvents(context, room, members, joinForClients(room))
  },
}

function withHeaders(room: RoomRecord): Form {
  const rules = rulesOf(room)
  return { name: 'event', write: (text) => encode(HeaderedEvent, headered(text, rules)) }
}

function memberForClients({ roomId }: RoomRecord): Form {
  return { name: 'member', write: (text) => encode(ClientEvent, clientEvent(text, roomId)) }
}

/** Members who are not joined are left out. */
function joinForClients({ roomId }: RoomRecord): Form {
  return {
    name: 'join',
    write: (text) => {
      const event = clientEvent(text, roomId)
      return isJoin(event) ? encode(ClientEvent, event) : ''
    },
  }
}
