import type { Pdu } from '@roomserver/events'

/** The state that an event is checked against: at most one event for each type and state key. */
export interface AuthState {
  /** The event that holds the entry; `undefined` where the state has none. */
  get(type: string, stateKey: string): Pdu | undefined
}

/**
 * Makes a state of a list of state events; of two with the same type and state key the later one counts, and events
 * without a state key are left out.
 */
export function authStateOf(events: Iterable<Pdu>): AuthState {
  const types = new Map<string, Map<string, Pdu>>()
  for (const event of events) {
    if (event.stateKey === undefined) continue
    let keys = types.get(event.type)
    if (keys === undefined) types.set(event.type, (keys = new Map()))
    keys.set(event.stateKey, event)
  }
  return { get: (type, stateKey) => types.get(type)?.get(stateKey) }
}
