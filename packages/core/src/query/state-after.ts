import type {
  HeaderedEvent,
  QueryStateAfterEventsRequest,
  QueryStateAfterEventsResponse,
  QueryStateAndAuthChainRequest,
  QueryStateAndAuthChainResponse,
} from '@roomserver/api'
import {
  type Suspendable,
  type EventId,
  type EventNid,
  isRejected,
  NO_NID,
  type RoomRecord,
  type SnapshotNid,
} from '@roomserver/types'
import { eventsWithIds } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import { wholeState } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { chainNids, storedEvents } from './auth-chain.ts'
import { readRoom, type QueryContext, roomWithState } from './context.ts'
import { authEventsOf } from './event-texts.ts'
import { rulesOf } from '../output/headered.ts'
import { nidsOfState, resolved } from './known-state.ts'
import { stateAtCut } from './state-at-cut.ts'
import { wantedOf, type WantedState } from './state-events.ts'
import type { WholeLists } from './whole-lists.ts'

/** An answer whose lists may be in another form. */
type With<Events, Response> = {
  readonly [Member in keyof Response]: Response[Member] extends readonly HeaderedEvent[]
    ? Response[Member] | Events
    : Response[Member]
}

/** The states after events of a room. */
interface After {
  /** Each once. */
  readonly states: readonly SnapshotNid[]
  readonly isRejected: boolean
}

/** The state after events: resolved, where there are several of them and they do not agree. */
export async function queryStateAfterEvents<Events>(
  context: QueryContext,
  { room_id: roomId, prev_event_ids: prev, state_to_fetch: wanted }: QueryStateAfterEventsRequest,
  lists: Pick<WholeLists<Events, unknown>, 'state' | 'events'>,
): Promise<With<Events, QueryStateAfterEventsResponse>> {
  const room = await roomWithState(context, roomId)
  if (room === undefined) {
    return { room_exists: false, room_version: '', prev_events_exist: false, state_events: [] }
  }
  const after = await statesAfter(context, room, prev)
  const state = after && (await readRoom(context, (view) => partOf(view, room, after, wantedOf(wanted))))
  return {
    room_exists: true,
    room_version: room.version,
    prev_events_exist: state !== undefined,
    state_events: state === undefined ? [] : await eventsOfState(context, room, state, lists),
  }
}

/** A state that is stored as such, or the events of another one or of a part. */
type StateOrNids = { readonly whole: SnapshotNid } | { readonly nids: readonly EventNid[] }

/** What is wanted of the state that some resolve to. */
function* partOf(
  view: View,
  room: RoomRecord,
  { states }: After,
  wanted: WantedState,
): Suspendable<Need, StateOrNids> {
  const state = yield* resolved(view, states, rulesOf(room))
  if (wanted.length === 0 && state.changes.length === 0) return { whole: state.base }
  return { nids: yield* nidsOfState(view, state, wanted) }
}

async function eventsOfState<Events>(
  context: QueryContext,
  room: RoomRecord,
  state: StateOrNids,
  lists: Pick<WholeLists<Events, unknown>, 'state' | 'events'>,
): Promise<readonly HeaderedEvent[] | Events> {
  if ('whole' in state) return await lists.state(context, room, state.whole)
  return await lists.events(context, room, state.nids)
}

/** The state after events, and the auth chain of it and of `auth_event_ids`; or that chain alone. */
export async function queryStateAndAuthChain<Events>(
  context: QueryContext,
  request: QueryStateAndAuthChainRequest,
  lists: WholeLists<Events, unknown>,
): Promise<With<Events, QueryStateAndAuthChainResponse>> {
  const room = await roomWithState(context, request.room_id)
  const none = { state_events: [], auth_chain_events: [], prev_events_exist: false, is_rejected: false }
  if (room === undefined) return { room_exists: false, room_version: '', ...none }
  const answer = { room_exists: true, room_version: room.version, ...none }
  const start = await readRoom(context, (view) => authEventsInRoom(view, room, request.auth_event_ids))
  if (request.only_fetch_auth_chain) {
    return { ...answer, auth_chain_events: await chainOf(context, room, start, lists) }
  }
  const after = await statesAfter(context, room, request.prev_event_ids)
  if (after === undefined) return answer
  return {
    ...answer,
    prev_events_exist: true,
    is_rejected: after.isRejected,
    ...(await stateAndChain(context, room, { ...request, states: after.states, start }, lists)),
  }
}

type StateAndChain = Pick<QueryStateAndAuthChainResponse, 'state_events' | 'auth_chain_events'>

async function stateAndChain<Events>(
  context: QueryContext,
  room: RoomRecord,
  wanted: {
    readonly states: readonly SnapshotNid[]
    /** Where the chain begins beside what the state references. */
    readonly start: readonly EventNid[]
    readonly resolve_state: boolean
  },
  lists: WholeLists<Events, unknown>,
): Promise<With<Events, StateAndChain>> {
  const { states, start } = wanted
  const [only = NO_NID] = states
  if (states.length <= 1 && start.length === 0) {
    return {
      state_events: await lists.state(context, room, only),
      auth_chain_events: await lists.authChain(context, room, only),
    }
  }
  const nids = await readRoom(context, (view) =>
    wanted.resolve_state ? resolvedNids(view, room, states) : joinedNids(view, states),
  )
  return {
    state_events: await lists.events(context, room, nids),
    auth_chain_events: await chainOf(
      context,
      room,
      [...start, ...(await authEventsOf(context, nids))],
      lists,
    ),
  }
}

/** The auth chain of events, they themselves included. */
async function chainOf<Events>(
  context: QueryContext,
  room: RoomRecord,
  start: readonly EventNid[],
  lists: Pick<WholeLists<Events, unknown>, 'events'>,
): Promise<readonly HeaderedEvent[] | Events> {
  return await lists.events(context, room, [...(await chainNids(context, room.nid, start))])
}

/** Those of the events that are stored in the room. */
function* authEventsInRoom(
  view: View,
  room: RoomRecord,
  ids: readonly EventId[],
): Suspendable<Need, readonly EventNid[]> {
  const stored = yield* storedEvents(view, ids)
  return stored.filter(({ roomNid }) => roomNid === room.nid).map(({ nid }) => nid)
}

function* resolvedNids(
  view: View,
  room: RoomRecord,
  states: readonly SnapshotNid[],
): Suspendable<Need, readonly EventNid[]> {
  return yield* nidsOfState(view, yield* resolved(view, states, rulesOf(room)), [])
}

/** All events of several states, whether or not they agree. */
function* joinedNids(view: View, states: readonly SnapshotNid[]): Suspendable<Need, readonly EventNid[]> {
  const nids = new Set<EventNid>()
  for (const state of states) for (const entry of yield* wholeState(view, state)) nids.add(entry.event)
  return [...nids]
}

/** `undefined`: one of the events is not known in this room, or its state is not. */
async function statesAfter(
  context: QueryContext,
  room: RoomRecord,
  ids: readonly EventId[],
): Promise<After | undefined> {
  const stored = await readRoom(context, (view) => storedStatesAfter(view, room, ids))
  if (stored !== undefined) return stored
  const atCut = await stateAtCut(context, room, ids)
  return atCut === undefined ? undefined : { states: [atCut], isRejected: false }
}

/** `undefined`: one of them is not in the graph of the room. */
function* storedStatesAfter(
  view: View,
  room: RoomRecord,
  ids: readonly EventId[],
): Suspendable<Need, After | undefined> {
  const records = yield* eventsWithIds(view, [...new Set(ids)])
  const known = records.filter((record) => record !== null)
  const inGraph = known.filter((record) => record.roomNid === room.nid && record.after !== NO_NID)
  if (inGraph.length < records.length) return undefined
  return {
    states: [...new Set(inGraph.map((record) => record.after))],
    isRejected: inGraph.some((record) => isRejected(record.verdict)),
  }
}
