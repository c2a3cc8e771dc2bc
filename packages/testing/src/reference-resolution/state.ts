import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'

/** A state as the specification has it: (type, state key) → event. Keys are the JSON text of the pair. */
export type State = ReadonlyMap<string, Pdu>

/** Whether the full auth chain of a state set holds the set's own events: as deployed it does, as specified not. */
export type ChainReading = 'as-deployed' | 'as-specified'

/** What the slow resolution knows of a room. */
export interface Room {
  readonly event: (id: EventId) => Pdu | undefined
  readonly isRejected: (id: EventId) => boolean
  readonly chain: ChainReading
}

export function keyOf(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey])
}

/** "Keys in every state set with the same value are unconflicted; all other values are in conflict." */
export function split(sets: readonly State[]): {
  readonly unconflicted: State
  readonly conflicted: State[]
} {
  const unconflicted = new Map<string, Pdu>()
  const conflicted = sets.map(() => new Map<string, Pdu>())
  for (const key of new Set(sets.flatMap((set) => [...set.keys()]))) {
    const values = sets.map((set) => set.get(key))
    const [first] = values
    if (first !== undefined && values.every((value) => value === first)) {
      unconflicted.set(key, first)
      continue
    }
    values.forEach((value, set) => value !== undefined && conflicted[set]?.set(key, value))
  }
  return { unconflicted, conflicted }
}

/** The events that an event references, as far as they are known. */
export function authEventsOf(event: Pdu, room: Room): readonly Pdu[] {
  return event.authEvents.map((id) => room.event(id)).filter((referenced) => referenced !== undefined)
}

/** "The auth chain of an event is the set of events that it references, and that these reference, and so on." */
export function authChainOf(event: Pdu, room: Room): Set<Pdu> {
  const chain = new Set<Pdu>()
  for (const referenced of authEventsOf(event, room)) chain.add(referenced)
  for (const member of chain) for (const referenced of authEventsOf(member, room)) chain.add(referenced)
  return chain
}

/** "The full auth chain of a state set is the union of the auth chains of its events"; in production with the events themselves. */
export function fullAuthChain(set: State, room: Room): Set<Pdu> {
  const full = new Set<Pdu>()
  for (const event of set.values()) {
    if (room.chain === 'as-deployed') full.add(event)
    for (const member of authChainOf(event, room)) full.add(member)
  }
  return full
}

/** "The auth difference is the union of the full auth chains minus their intersection." */
export function authDifference(sets: readonly State[], room: Room): Set<Pdu> {
  const chains = sets.map((set) => fullAuthChain(set, room))
  const union = new Set(chains.flatMap((chain) => [...chain]))
  return new Set([...union].filter((event) => !chains.every((chain) => chain.has(event))))
}
