import { checkPdu, type Pdu } from '@roomserver/events'
import { invalidArgument } from '@roomserver/types'

/**
 * The state that an event is checked against: at most one event for each type and state key. `authStateOf` makes one of
 * events; one of one's own is a function of both.
 */
export interface AuthState {
  /** The event that holds the entry; `undefined` where the state has none. */
  get(type: string, stateKey: string): Pdu | undefined
  /** A `Map` is not a state: its `get` takes one key, and would answer for another entry. */
  readonly size?: never
  readonly set?: never
}

/**
 * Makes a state of a list of state events; of two with the same type and state key the later one counts, and events
 * without a state key are left out.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is not a list of Pdus
 * @example
 * ```ts
 * import { authStateOf } from '@roomserver/auth'
 * import type { Pdu } from '@roomserver/events'
 *
 * declare const events: readonly Pdu[]
 * console.log(authStateOf(events).get('m.room.topic', '')?.content)
 * ```
 */
export function authStateOf(events: Iterable<Pdu>): AuthState {
  if (typeof events?.[Symbol.iterator] !== 'function') throw invalidArgument('events', 'a list of Pdus')
  const types = new Map<string, Map<string, Pdu>>()
  for (const event of events) {
    checkPdu('events', event)
    if (event.stateKey === undefined) continue
    let keys = types.get(event.type)
    if (keys === undefined) types.set(event.type, (keys = new Map()))
    keys.set(event.stateKey, event)
  }
  return { get: (type, stateKey) => types.get(type)?.get(stateKey) }
}

/**
 * Checks that an argument is a state. What has a `get` of one key, as a `Map` has, is not.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export function checkState(argument: string, state: AuthState): void {
  if (typeof state?.get === 'function' && state.get.length >= 2) return
  throw invalidArgument(argument, 'a state, as authStateOf makes it, whose get takes a type and a state key')
}

/**
 * The event of an entry of the state.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when the state gives the event of another entry
 */
export function entryOf(state: AuthState, type: string, stateKey: string): Pdu | undefined {
  const event = state.get(type, stateKey)
  if (event === undefined || (event.type === type && event.stateKey === stateKey)) return event
  const is = `${event.eventId}, which is of type ${event.type} with ${event.stateKey === undefined ? 'no state key' : `state key "${event.stateKey}"`}`
  throw invalidArgument(
    'state',
    `a state that gives the event asked for: for ${type} "${stateKey}" it gave ${is}`,
  )
}
