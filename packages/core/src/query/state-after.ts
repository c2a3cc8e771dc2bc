import type {
  QueryStateAfterEventsRequest,
  QueryStateAfterEventsResponse,
  QueryStateAndAuthChainRequest,
  QueryStateAndAuthChainResponse,
} from '@roomserver/api'
import {
  type Asking,
  type EventId,
  type EventNid,
  type EventRecord,
  NO_NID,
  type RoomRecord,
  type SnapshotNid,
} from '@roomserver/types'
import { eventsOf, eventsWithIds } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import { wholeState } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { authChain, storedEvents } from './auth-chain.ts'
import { look, type QueryContext, roomWithState } from './context.ts'
import { headeredByNid } from './event-texts.ts'
import { headeredEvents, rulesOf } from './headered.ts'
import { nidsOfState, resolved } from './known-state.ts'
import { present, wantedOf } from './state-events.ts'

/** The states after events of a room. */
interface After {
  /** Each once. */
  readonly states: readonly SnapshotNid[]
  readonly isRejected: boolean
}

/** The state after events: resolved, where there are several of them and they do not agree. */
export async function queryStateAfterEvents(
  context: QueryContext,
  { room_id: roomId, prev_event_ids: prev, state_to_fetch: wanted }: QueryStateAfterEventsRequest,
): Promise<QueryStateAfterEventsResponse> {
  const room = await roomWithState(context, roomId)
  if (room === undefined) {
    return { room_exists: false, room_version: '', prev_events_exist: false, state_events: [] }
  }
  const rules = rulesOf(room)
  const state = await look(context, function* (view) {
    const after = yield* statesAfter(view, room, prev)
    if (after === undefined) return undefined
    return yield* nidsOfState(view, yield* resolved(view, after.states, rules), wantedOf(wanted))
  })
  return {
    room_exists: true,
    room_version: room.version,
    prev_events_exist: state !== undefined,
    state_events: await headeredByNid(context, state ?? [], rules),
  }
}

/** The state after events, and the auth chain of it and of `auth_event_ids`; or that chain alone. */
export async function queryStateAndAuthChain(
  context: QueryContext,
  request: QueryStateAndAuthChainRequest,
): Promise<QueryStateAndAuthChainResponse> {
  const room = await roomWithState(context, request.room_id)
  const none = { state_events: [], auth_chain_events: [], prev_events_exist: false, is_rejected: false }
  if (room === undefined) return { room_exists: false, room_version: '', ...none }
  const rules = rulesOf(room)
  const found = await look(context, (view) => stateAndChain(view, room, request))
  const answer = { room_exists: true, room_version: room.version, ...none }
  if (found === undefined) return answer
  return {
    ...answer,
    prev_events_exist: !request.only_fetch_auth_chain,
    is_rejected: found.isRejected,
    state_events: headeredEvents(found.state, rules),
    auth_chain_events: headeredEvents(found.chain, rules),
  }
}

interface StateAndChain {
  readonly state: readonly EventRecord[]
  readonly chain: readonly EventRecord[]
  readonly isRejected: boolean
}

/** `undefined`: a prev event is not known. */
function* stateAndChain(
  view: View,
  room: RoomRecord,
  request: QueryStateAndAuthChainRequest,
): Asking<Need, StateAndChain | undefined> {
  const start = (yield* storedEvents(view, request.auth_event_ids)).filter(
    (record) => record.roomNid === room.nid,
  )
  if (request.only_fetch_auth_chain) {
    return { state: [], chain: yield* authChain(view, start), isRejected: false }
  }
  const after = yield* statesAfter(view, room, request.prev_event_ids)
  if (after === undefined) return undefined
  const state = request.resolve_state
    ? yield* resolvedEvents(view, room, after.states)
    : yield* joined(view, after.states)
  const cited = yield* eventsOf(view, present(state.flatMap((record) => record.authNids)))
  return { state, chain: yield* authChain(view, [...start, ...cited]), isRejected: after.isRejected }
}

function* resolvedEvents(
  view: View,
  room: RoomRecord,
  states: readonly SnapshotNid[],
): Asking<Need, readonly EventRecord[]> {
  const state = yield* resolved(view, states, rulesOf(room))
  return yield* eventsOf(view, yield* nidsOfState(view, state, []))
}

/** All events of several states, whether or not they agree. */
function* joined(view: View, states: readonly SnapshotNid[]): Asking<Need, readonly EventRecord[]> {
  const nids = new Set<EventNid>()
  for (const state of states) for (const entry of yield* wholeState(view, state)) nids.add(entry.event)
  return yield* eventsOf(view, [...nids])
}

/** `undefined`: one of the events is not known in this room, or its state is not. */
function* statesAfter(
  view: View,
  room: RoomRecord,
  ids: readonly EventId[],
): Asking<Need, After | undefined> {
  const records = yield* eventsWithIds(view, [...new Set(ids)])
  const known = records.filter((record) => record !== null)
  const inGraph = known.filter((record) => record.roomNid === room.nid && record.after !== NO_NID)
  if (inGraph.length < records.length) return undefined
  return {
    states: [...new Set(inGraph.map((record) => record.after))],
    isRejected: inGraph.some((record) => record.verdict.startsWith('rejected')),
  }
}
