import type { AuthState } from '@roomserver/auth'
import { checkPdu, type Pdu } from '@roomserver/events'
import { type EventId, invalidArgument, RoomserverError } from '@roomserver/types'

/**
 * The state of a room: type → state key → event ID. It is a map of maps and not one map with joined keys, because types
 * and state keys are whatever a remote server likes, and no character is left to join them with.
 */
export type StateMap = ReadonlyMap<string, ReadonlyMap<string, EventId>>

/** Makes a state of (type, state key, event ID) triples; of two with the same type and state key the later one counts. */
export function stateMap(entries: Iterable<readonly [string, string, EventId]>): StateMap {
  const state = new Map<string, Map<string, EventId>>()
  for (const [type, stateKey, event] of entries) {
    let keys = state.get(type)
    if (keys === undefined) state.set(type, (keys = new Map()))
    keys.set(stateKey, event)
  }
  return state
}

/**
 * Makes a state of a list of state events, which may be a map's values; of two with the same type and state key the later one
 * counts, and events without a state key are left out.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is not a list of Pdus
 * @example
 * ```ts
 * import type { Pdu } from '@roomserver/events'
 * import { stateMapOf } from '@roomserver/state'
 *
 * declare const events: readonly Pdu[]
 * console.log(stateMapOf(events).get('m.room.topic')?.get('')) // the ID of the topic
 * ```
 */
export function stateMapOf(events: Iterable<Pdu>): StateMap {
  if (typeof events?.[Symbol.iterator] !== 'function') throw invalidArgument('events', 'a list of Pdus')
  const state = new Map<string, Map<string, EventId>>()
  for (const event of events) {
    checkPdu('events', event)
    const { eventId, stateKey, type } = event
    if (stateKey === undefined) continue
    let keys = state.get(type)
    if (keys === undefined) state.set(type, (keys = new Map()))
    keys.set(stateKey, eventId)
  }
  return state
}

/**
 * A state as the authorization rules read it.
 *
 * @param events - gives the event with an ID
 * @throws {RoomserverError} INVALID_ARGUMENT when an argument is something else, such as a `Map` of events; MISSING_EVENTS when
 *   an entry is read whose event `events` does not know
 * @example
 * ```ts
 * import { permissionsOf } from '@roomserver/auth'
 * import type { Pdu } from '@roomserver/events'
 * import { authStateFrom, type StateMap } from '@roomserver/state'
 *
 * declare const state: StateMap // as resolveState gives it
 * declare const known: ReadonlyMap<string, Pdu> // events by ID
 * const may = permissionsOf('@bot:example.org', authStateFrom(state, (id) => known.get(id)))
 * console.log(may.send('m.room.message').allowed)
 * ```
 */
export function authStateFrom(state: StateMap, events: (id: EventId) => Pdu | undefined): AuthState {
  checkStateMap('state', state)
  if (typeof events !== 'function') throw invalidArgument('events', 'a function that gives the Pdu of an ID')
  return {
    get: (type, stateKey) => {
      const id = state.get(type)?.get(stateKey)
      if (id === undefined) return undefined
      const event = events(id)
      if (event !== undefined) return event
      const message = `the state has ${id} for ${type} "${stateKey}", which events did not give`
      throw new RoomserverError('MISSING_EVENTS', { roomId: '', eventIds: [id] }, message)
    },
  }
}

/** Checks that an argument is a state. @throws {RoomserverError} INVALID_ARGUMENT */
export function checkStateMap(argument: string, state: StateMap): void {
  const [keys] = isMap(state) ? state.values() : []
  if (isMap(state) && (keys === undefined || isMap(keys))) return
  throw invalidArgument(argument, 'states of the form type → state key → event ID, as stateMapOf makes them')
}

function isMap(value: ReadonlyMap<string, unknown>): boolean {
  return typeof value?.get === 'function' && typeof value.values === 'function'
}

/** The triples of a state, one after another. */
export function* stateEntries(state: StateMap): Generator<[string, string, EventId], void, void> {
  for (const [type, keys] of state) {
    for (const [stateKey, event] of keys) yield [type, stateKey, event]
  }
}
