import type { QueryCurrentStateRequest, QueryCurrentStateResponse, StateKeyTuple } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { Asking, EventRecord, RoomRecord } from '@roomserver/types'
import { eventsOf } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import { stateForTuples, stateOfType, type StateTuple } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { isStub, look, type QueryContext } from './context.ts'
import { roomNotFound } from './failures.ts'
import { headered, rulesOf } from './headered.ts'
import { present, tuplesOf } from './state-events.ts'

/** A state event as stored and as parsed. */
export interface StateEvent {
  readonly record: EventRecord
  readonly pdu: Pdu
}

/**
 * Entries of a room's current state, by type and state key. With `AllowWildcards` the state key `*` stands for all
 * entries of the type.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND when an entry of an unknown room is asked for
 */
export async function queryCurrentState(
  context: QueryContext,
  { RoomID: roomId, AllowWildcards: wildcards, StateTuples }: QueryCurrentStateRequest,
): Promise<QueryCurrentStateResponse> {
  if (StateTuples.length === 0) return { StateEvents: [] }
  const room = await context.store.room(roomId)
  if (room === undefined) throw roomNotFound(roomId, `room ${roomId} doesn't exist`)
  const found = await currentState(context, room, asWanted(StateTuples, wildcards))
  const rules = rulesOf(room)
  return {
    StateEvents: found.map(({ record, pdu }) => ({
      EventType: pdu.type,
      StateKey: pdu.stateKey ?? '',
      event: headered(record, rules),
    })),
  }
}

/** What is wanted of a state: single entries, and types of which all are wanted. */
export interface WantedEntries {
  readonly tuples: readonly StateTuple[]
  readonly wholeTypes: readonly string[]
}

/** Sorts out the wildcards. */
export function asWanted(tuples: readonly StateKeyTuple[], wildcards: boolean): WantedEntries {
  const isWild = (key: string): boolean => wildcards && key === '*'
  return {
    tuples: tuplesOf(tuples.filter(({ StateKey }) => !isWild(StateKey))),
    wholeTypes: [
      ...new Set(tuples.filter(({ StateKey }) => isWild(StateKey)).map(({ EventType }) => EventType)),
    ],
  }
}

/** Wanted entries of a room's current state; none for a room that we only know from an invite. */
export async function currentState(
  context: QueryContext,
  room: RoomRecord,
  wanted: WantedEntries,
): Promise<readonly StateEvent[]> {
  return isStub(room) ? [] : await look(context, (view) => wantedState(view, room, wanted))
}

function* wantedState(
  view: View,
  room: RoomRecord,
  { tuples, wholeTypes }: WantedEntries,
): Asking<Need, readonly StateEvent[]> {
  const nids = [...(yield* stateForTuples(view, room.current, tuples))]
  for (const type of wholeTypes) {
    for (const entry of yield* stateOfType(view, room.current, type)) nids.push(entry.event)
  }
  const records = yield* eventsOf(view, present(nids))
  const rules = rulesOf(room)
  const events: StateEvent[] = []
  for (const record of records) {
    if (record.roomNid !== room.nid) continue
    events.push({ record, pdu: view.pduOf(record, rules) })
    yield
  }
  return events
}
