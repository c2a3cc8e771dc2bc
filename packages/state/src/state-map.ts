import type { EventId } from '@roomserver/types'

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

/** The triples of a state, one after another. */
export function* stateEntries(state: StateMap): Generator<[string, string, EventId], void, void> {
  for (const [type, keys] of state) {
    for (const [stateKey, event] of keys) yield [type, stateKey, event]
  }
}
