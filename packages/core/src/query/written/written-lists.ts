import { ClientEvent, encode, HeaderedEvent, type WrittenList } from '@roomserver/api'
import type { RoomRecord } from '@roomserver/types'
import { clientEventOfText } from '../client-event.ts'
import { look } from '../context.ts'
import { headered, rulesOf } from '../headered.ts'
import { isJoin } from '../memberships.ts'
import type { WholeLists } from '../whole-lists.ts'
import { chainOfState } from './chain-of-state.ts'
import { shownState } from './shown-state.ts'
import { type Form, writtenEvents } from './written-events.ts'

/** Lists for callers who send them on: written, and as far as there is room, written once. */
export const WRITTEN_LISTS: WholeLists<WrittenList, WrittenList> = {
  state: async (context, room, snapshot) => {
    const state = await look(context, (view) => shownState(view, snapshot))
    return writtenEvents(context, room, state, withHeaders(room))
  },
  authChain: async (context, room, snapshot) => {
    const state = await look(context, (view) => shownState(view, snapshot))
    return writtenEvents(context, room, await chainOfState(context, room, state), withHeaders(room))
  },
  joined: async (context, room) => {
    const members = await look(context, (view) => shownState(view, room.current, 'm.room.member'))
    return writtenEvents(context, room, members, joinForClients(room))
  },
}

function withHeaders(room: RoomRecord): Form {
  const rules = rulesOf(room)
  return { name: 'event', write: (text) => encode(HeaderedEvent, headered(text, rules)) }
}

/** Members who are not joined are left out. */
function joinForClients({ roomId }: RoomRecord): Form {
  return {
    name: 'join',
    write: (text) => {
      const event = clientEventOfText(text, roomId)
      return isJoin(event) ? encode(ClientEvent, event) : ''
    },
  }
}
