import type {
  HeaderedEvent,
  QueryCurrentStateRequest,
  QueryCurrentStateResponse,
  StateKeyTuple,
} from '@roomserver/api'
import type { Suspendable, EventNid, EventText, JsonObject, RoomRecord } from '@roomserver/types'
import type { Need } from '../view/record-kinds.ts'
import { stateForTuples, stateOfType, type StateTuple } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { clientEvent } from './client-event.ts'
import { readRoom, type QueryContext } from './context.ts'
import { textsInChunks } from './event-texts.ts'
import { roomNotFound } from './failures.ts'
import { headered, rulesOf } from '../output/headered.ts'
import { present, tuplesOf } from './state-events.ts'

/** An entry of the answer. */
export type CurrentEntry = QueryCurrentStateResponse['StateEvents'][number] & {
  readonly event: HeaderedEvent
}

/**
 * Entries of a room's current state, by type and state key. With `AllowWildcards` the state key `*` stands for all
 * entries of the type.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND when an entry of an unknown room is asked for
 */
export async function queryCurrentState(
  context: QueryContext,
  request: QueryCurrentStateRequest,
): Promise<QueryCurrentStateResponse> {
  const entries: CurrentEntry[] = []
  for await (const chunk of (await currentEntries(context, request))()) entries.push(...chunk)
  return { StateEvents: entries }
}

/** The entries of that answer, in chunks that are made as they are asked for. */
export async function currentEntries(
  context: QueryContext,
  { RoomID: roomId, AllowWildcards: wildcards, StateTuples }: QueryCurrentStateRequest,
): Promise<() => AsyncIterable<readonly CurrentEntry[]>> {
  if (StateTuples.length === 0) return async function* () {}
  const room = await context.store.room(roomId)
  if (room === undefined) throw roomNotFound(roomId, `room ${roomId} doesn't exist`)
  const rules = rulesOf(room)
  return async function* () {
    for await (const chunk of currentState(context, room, asWanted(StateTuples, wildcards))) {
      yield chunk.map(({ type, stateKey, text }) => ({
        EventType: type,
        StateKey: stateKey,
        event: headered(text, rules),
      }))
    }
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

/** A state event as stored, and what its text says of it. */
export interface StateText extends StateTuple {
  readonly text: EventText
  readonly content: JsonObject
}

/** Wanted entries of a room's current state, in chunks; none for a room that we only know from an invite. */
export async function* currentState(
  context: QueryContext,
  room: RoomRecord,
  wanted: WantedEntries,
): AsyncGenerator<readonly StateText[], void, void> {
  const nids = await readRoom(context, (view) => wantedNids(view, room, wanted))
  for await (const texts of textsInChunks(context, room, nids)) {
    yield texts.map((text) => {
      const { type, state_key: stateKey, content } = clientEvent(text, room.roomId)
      return { type, stateKey: stateKey ?? '', content, text }
    })
  }
}

function* wantedNids(
  view: View,
  room: RoomRecord,
  { tuples, wholeTypes }: WantedEntries,
): Suspendable<Need, readonly EventNid[]> {
  const nids = [...(yield* stateForTuples(view, room.current, tuples))]
  for (const type of wholeTypes) {
    for (const entry of yield* stateOfType(view, room.current, type)) nids.push(entry.event)
  }
  return present(nids)
}
