import type { StateChange } from '@roomserver/state'
import {
  type EventNid,
  type EventTypeNid,
  NO_NID,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'
import { array, assert, constantFrom, nat, property, tuple } from 'fast-check'
import { expect, it } from 'vitest'
import { changesUpTo } from './changes-up-to.ts'

/** A state: the event of each entry; entries are numbered, four of them to a type. */
type State = ReadonlyMap<number, number>

const typeOf = (entry: number) => (1 + Math.floor(entry / 4)) as EventTypeNid
const stateKeyOf = (entry: number) => (1 + (entry % 4)) as StateKeyNid
const entryOf = ({ type, stateKey }: Pick<StateEntry, 'type' | 'stateKey'>) => (type - 1) * 4 + (stateKey - 1)

/** What differs, in the order of the entries. */
function between(from: State, to: State): StateChange[] {
  const entries = [...new Set([...from.keys(), ...to.keys()])].sort((a, b) => a - b)
  return entries.flatMap((entry) => {
    const [before, after] = [from.get(entry) ?? NO_NID, to.get(entry) ?? NO_NID]
    if (before === after) return []
    return [
      { type: typeOf(entry), stateKey: stateKeyOf(entry), from: before as EventNid, to: after as EventNid },
    ]
  })
}

const asEntries = (changes: readonly StateChange[]): StateEntry[] =>
  changes.map(({ type, stateKey, to }) => ({ type, stateKey, event: to }))

function applied(state: State, changes: readonly StateEntry[]): State {
  const after = new Map(state)
  for (const { event, ...entry } of changes) {
    if (event === NO_NID) after.delete(entryOf(entry))
    else after.set(entryOf(entry), event)
  }
  return after
}

const states = array(tuple(nat(11), constantFrom(1, 2, 3))).map((entries): State => new Map(entries))

it('leads from the other state to where the changes lead, by what differs and nothing else, in order', () => {
  assert(
    property(states, states, states, (near, from, target) => {
      const combined = changesUpTo(asEntries(between(from, target)), between(near, from))
      expect(applied(near, combined)).toEqual(target)
      expect(combined).toEqual(asEntries(between(near, target)))
    }),
  )
})
