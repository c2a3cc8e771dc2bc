import type { PerformInboundPeekRequest, PerformInboundPeekResponse } from '@roomserver/api'
import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { authChain } from '../query/auth-chain.ts'
import { roomWithState } from '../query/context.ts'
import { headered, headeredEvents, rulesOf } from '../output/headered.ts'
import { stateNids } from '../query/state-events.ts'
import { eventsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import type { View } from '../view/view.ts'
import type { PerformContext } from './context.ts'
import { command } from './room-command.ts'

/** What a peeking server is given to begin with. */
interface PeekedRoom {
  readonly latest: EventRecord | undefined
  readonly state: readonly EventRecord[]
  readonly chain: readonly EventRecord[]
}

/**
 * Lets another server look into a room: it gets the current state with its auth chain, and the federation component
 * is told to send it what follows. The state is read in the room's queue, so nothing falls between the two.
 */
export async function performInboundPeek(
  context: PerformContext,
  request: PerformInboundPeekRequest,
): Promise<PerformInboundPeekResponse> {
  const room = await roomWithState(context, request.room_id)
  if (room === undefined) {
    return {
      room_exists: false,
      room_version: '',
      state_events: [],
      auth_chain_events: [],
      latest_event: null,
    }
  }
  const rules = rulesOf(room)
  const peeked = await command(context, room, 'inbound peek', (draft) => beginPeek(draft, request))
  return {
    room_exists: true,
    room_version: room.version,
    state_events: headeredEvents(peeked.state, rules),
    auth_chain_events: headeredEvents(peeked.chain, rules),
    latest_event: peeked.latest === undefined ? null : headered(peeked.latest, rules),
  }
}

function* beginPeek(draft: Draft, request: PerformInboundPeekRequest): Suspendable<DecideNeed, PeekedRoom> {
  const peeked = yield* roomNow(draft.view, draft)
  draft.addOutput('new_inbound_peek', NO_NID, {
    RoomID: request.room_id,
    PeekID: request.peek_id,
    LatestEventID: peeked.latest?.eventId ?? '',
    ServerName: request.server_name,
    RenewalInterval: request.renewal_interval,
  })
  return peeked
}

function* roomNow(view: View, { room, read }: Pick<Draft, 'room' | 'read'>): Suspendable<Need, PeekedRoom> {
  const extremities = yield* eventsOf(view, room.extremities)
  const [latest] = extremities.toSorted((a, b) => b.depth - a.depth)
  const state = yield* eventsOf(view, yield* stateNids(view, room.current, []))
  const referenced = yield* eventsOf(view, [...new Set(state.flatMap((record) => record.authNids))])
  return { latest, state, chain: yield* authChain(view, read.nid, referenced) }
}
