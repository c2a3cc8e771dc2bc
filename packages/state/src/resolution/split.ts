import type { EventId } from '@roomserver/types'
import { addRun, type Run, type Runs } from '../snapshot/runs.ts'
import type { StateMap } from '../state-map.ts'

/** An entry in which state sets differ. */
export interface Difference {
  readonly type: string
  readonly stateKey: string
  /** Its event in each set; `undefined` where a set has none. */
  readonly events: Runs<EventId | undefined>
}

type Keys = ReadonlyMap<string, EventId>

const NO_KEYS: Keys = new Map()

/** Where state sets differ. Of a type whose inner map all sets share, nothing is looked at. */
export function differences(sets: readonly StateMap[]): readonly Difference[] {
  const found: Difference[] = []
  for (const type of typesOf(sets)) {
    const maps = sets.map((set) => set.get(type) ?? NO_KEYS)
    if (maps.every((map) => map === maps[0])) continue
    for (const [stateKey, others] of differingKeys(maps)) {
      found.push({ type, stateKey, events: runsAround(maps[0]?.get(stateKey), others, maps.length) })
    }
  }
  return found
}

function typesOf(sets: readonly StateMap[]): ReadonlySet<string> {
  const types = new Set<string>()
  for (const set of sets) for (const type of set.keys()) types.add(type)
  return types
}

/** What a set has otherwise than the first one. */
interface Other {
  readonly set: number
  readonly event: EventId | undefined
}

/**
 * Keys that some map has otherwise than the first one, and which do. Maps of the same origin mostly hold their keys in
 * the same order, so they are compared side by side; only where they are out of step a key is looked up.
 */
function differingKeys([first = NO_KEYS, ...rest]: readonly Keys[]): ReadonlyMap<string, readonly Other[]> {
  const differing = new Map<string, Other[]>()
  const note = (stateKey: string, set: number, event: EventId | undefined): void => {
    const others = differing.get(stateKey)
    if (others === undefined) differing.set(stateKey, [{ set, event }])
    else others.push({ set, event })
  }
  const keys = [...first.keys()]
  const events = [...first.values()]
  for (const [index, other] of rest.entries()) {
    if (other === first) continue
    let place = 0
    let shared = 0
    for (const [stateKey, event] of other) {
      const mine = keys[place] === stateKey ? events[place++] : first.get(stateKey)
      if (mine !== undefined) shared++
      if (mine !== event) note(stateKey, index + 1, event)
    }
    if (shared === keys.length) continue
    for (const stateKey of keys) if (!other.has(stateKey)) note(stateKey, index + 1, undefined)
  }
  return differing
}

function runsAround(
  first: EventId | undefined,
  others: readonly Other[],
  count: number,
): Runs<EventId | undefined> {
  const runs: Run<EventId | undefined>[] = []
  let at = 0
  for (const { event, set } of others) {
    if (set > at) addRun(runs, set, first)
    addRun(runs, set + 1, event)
    at = set + 1
  }
  if (at < count) addRun(runs, count, first)
  return runs
}
