import { InputKind, type InputRoomEvent } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { inputOf, parsedEvent } from './compose.ts'

type Texts = readonly { readonly json: string }[]

/** An event with a state of its room, as another server gave them: what comes in first stands before what references it. */
export function inputsWithState(event: Pdu, given: Texts, chain: Texts): InputRoomEvent[] {
  const state = eventsOf(given, event)
  const known = new Map([...eventsOf(chain, event), ...state].map((one) => [one.eventId, one]))
  return [
    ...inAuthOrder([...known.values()]).map((one) => inputOf(one, { kind: InputKind.outlier })),
    inputOf(event, { has_state: true, state_event_ids: state.map((one) => one.eventId) }),
  ]
}

function eventsOf(texts: Texts, { rules }: Pdu): readonly Pdu[] {
  return texts.map(({ json }) => parsedEvent(json, rules.version)).filter((event) => event !== undefined)
}

/** The create event stands before all others: not in every version do they reference it. */
function inAuthOrder(events: readonly Pdu[]): readonly Pdu[] {
  const createFirst = events.toSorted(
    (a, b) => Number(b.prevEvents.length === 0) - Number(a.prevEvents.length === 0),
  )
  const left = new Map(createFirst.map((event) => [event.eventId, event]))
  const ordered: Pdu[] = []
  while (left.size > 0) {
    const ready = [...left.values()].filter((event) => !event.authEvents.some((id) => left.has(id)))
    if (ready.length === 0) return ordered
    for (const event of ready) left.delete(event.eventId)
    ordered.push(...ready)
  }
  return ordered
}
