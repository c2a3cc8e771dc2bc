import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import { checkAuth } from '../check-auth.ts'
import { checkAuthEvents } from '../check-auth-events.ts'
import { createIdOf } from '../create-event.ts'
import { authStateOf } from '../state.ts'
import type { AuthVerdict } from '../verdict.ts'

/** Events that their auth events allow, and those that they do not. */
export interface Refusals {
  readonly events: ReadonlyMap<EventId, Pdu>
  readonly refused: readonly { readonly eventId: EventId; readonly reason: string }[]
}

/** Checks events against their auth events, which are among them, each after those that it refers to. */
export function withoutRefused(pdus: readonly Pdu[]): Refusals {
  const all = new Map(pdus.map((pdu) => [pdu.eventId, pdu]))
  const events = new Map<EventId, Pdu>()
  const refused: { readonly eventId: EventId; readonly reason: string }[] = []
  for (const pdu of authEventsFirst(all)) {
    const verdict = verdictOn(pdu, events, all)
    if (verdict.allowed) events.set(pdu.eventId, pdu)
    else refused.push({ eventId: pdu.eventId, reason: `${verdict.reason} (${verdict.rule})` })
  }
  return { events, refused }
}

/** Whether the auth events of an event allow it; `accepted` has those of them that are allowed themselves. */
function verdictOn(
  pdu: Pdu,
  accepted: ReadonlyMap<EventId, Pdu>,
  all: ReadonlyMap<EventId, Pdu>,
): AuthVerdict {
  const own = checkAuthEvents(pdu, {
    get: (id) => all.get(id),
    isRejected: (id) => all.has(id) && !accepted.has(id),
  })
  if (!own.allowed) return own
  const createId = createIdOf(pdu)
  const ids = createId === undefined ? pdu.authEvents : [...pdu.authEvents, createId]
  return checkAuth(pdu, authStateOf(ids.map((id) => accepted.get(id)).filter((event) => event !== undefined)))
}

/** The events in an order in which each comes after its auth events. Without recursion, and whatever circles others made. */
function authEventsFirst(all: ReadonlyMap<EventId, Pdu>): readonly Pdu[] {
  const ordered = new Set<Pdu>()
  const entered = new Set<Pdu>()
  for (const pdu of all.values()) {
    const path = [pdu]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      if (entered.has(top)) {
        ordered.add(top)
        path.pop()
        continue
      }
      entered.add(top)
      const createId = createIdOf(top)
      for (const id of createId === undefined ? top.authEvents : [createId, ...top.authEvents]) {
        const cited = all.get(id)
        if (cited !== undefined && !entered.has(cited)) path.push(cited)
      }
    }
  }
  return [...ordered]
}
