import type { EventNid, Nids, StateEntry } from '@roomserver/types'
import type { DendriteEvent } from './dendrite-source.ts'

/** An event of the source and the numbers it gets here. */
export interface NumberedEvent {
  readonly source: DendriteEvent
  readonly nid: EventNid
  /** An interrupted import stored it already. */
  readonly isStored: boolean
  readonly typeNid: Nids['eventType']
  readonly stateKeyNid: Nids['stateKey']
  readonly authLevel: number
}

/** The entry of a room's state that an event sets; none if it is not a state event. */
export function entryOf({ nid, typeNid, stateKeyNid }: NumberedEvent): StateEntry | undefined {
  return stateKeyNid === 0 ? undefined : { type: typeNid, stateKey: stateKeyNid, event: nid }
}

/**
 * How far each event stands above the events without auth events, by the source's numbers. Events may reference ones that
 * were stored later, so this follows the references and not the order; a circle, which nobody can sign, counts once.
 */
export function authLevels(events: readonly DendriteEvent[]): ReadonlyMap<number, number> {
  const byNid = new Map(events.map((event) => [event.event_nid, event]))
  const levels = new Map<number, number>()
  for (const { event_nid: start } of events) {
    const path = [start]
    const open = new Set(path)
    for (let nid = path.at(-1); nid !== undefined; nid = path.at(-1)) {
      const referenced = (byNid.get(nid)?.auth_event_nids ?? []).filter((other) => byNid.has(other))
      const next = levels.has(nid)
        ? undefined
        : referenced.find((other) => !levels.has(other) && !open.has(other))
      if (next !== undefined) {
        path.push(next)
        open.add(next)
        continue
      }
      if (!levels.has(nid))
        levels.set(nid, 1 + Math.max(-1, ...referenced.map((other) => levels.get(other) ?? -1)))
      path.pop()
    }
  }
  return levels
}
