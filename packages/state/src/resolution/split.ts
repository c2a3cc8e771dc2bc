import type { EventId } from '@roomserver/types'
import type { StateMap } from '../state-map.ts'

/** An entry in which state sets differ. */
export interface Difference {
  readonly type: string
  readonly stateKey: string
  /** Its event in each set; `undefined` where a set has none. */
  readonly events: readonly (EventId | undefined)[]
}

type Keys = ReadonlyMap<string, EventId>

const NO_KEYS: Keys = new Map()

/** Where state sets differ. Of a type whose inner map all sets share, nothing is looked at. */
export function differences(sets: readonly StateMap[]): readonly Difference[] {
  const found: Difference[] = []
  for (const type of typesOf(sets)) {
    const maps = sets.map((set) => set.get(type) ?? NO_KEYS)
    if (maps.every((map) => map === maps[0])) continue
    for (const stateKey of differingKeys(maps)) {
      found.push({ type, stateKey, events: maps.map((map) => map.get(stateKey)) })
    }
  }
  return found
}

function typesOf(sets: readonly StateMap[]): ReadonlySet<string> {
  const types = new Set<string>()
  for (const set of sets) for (const type of set.keys()) types.add(type)
  return types
}

/**
 * Keys that some map has otherwise than the first one. Maps of the same origin mostly hold their keys in the same
 * order, so they are compared side by side; only where they are out of step a key is looked up.
 */
function differingKeys([first = NO_KEYS, ...others]: readonly Keys[]): ReadonlySet<string> {
  const differing = new Set<string>()
  const keys = [...first.keys()]
  const events = [...first.values()]
  for (const other of others) {
    if (other === first) continue
    let place = 0
    let shared = 0
    for (const [stateKey, event] of other) {
      const mine = keys[place] === stateKey ? events[place++] : first.get(stateKey)
      if (mine !== undefined) shared++
      if (mine !== event) differing.add(stateKey)
    }
    if (shared === keys.length) continue
    for (const stateKey of keys) if (!other.has(stateKey)) differing.add(stateKey)
  }
  return differing
}
