import type { StateChange } from '@roomserver/state'
import type { StateEntry } from '@roomserver/types'

/**
 * Changes of a state, as changes of the state that `upTo` leads from to it: those that cancel each other are left out.
 *
 * @param changes - sorted, each entry once
 * @param upTo - sorted as well
 */
export function changesUpTo(
  changes: readonly StateEntry[],
  upTo: readonly StateChange[],
): readonly StateEntry[] {
  const all: StateEntry[] = []
  let at = 0
  for (const { type, stateKey, from, to } of upTo) {
    let next = changes[at]
    for (; next !== undefined && isBelow(next, { type, stateKey }); next = changes[++at]) all.push(next)
    const changed = next?.type === type && next.stateKey === stateKey ? next : undefined
    if (changed !== undefined) at++
    const event = changed?.event ?? to
    if (event !== from) all.push({ type, stateKey, event })
  }
  return all.concat(changes.slice(at))
}

function isBelow(a: Place, b: Place): boolean {
  return a.type < b.type || (a.type === b.type && a.stateKey < b.stateKey)
}

type Place = Pick<StateEntry, 'type' | 'stateKey'>
