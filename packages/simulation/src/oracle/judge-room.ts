import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { RoomOracle, stateOf } from './room-oracle.ts'

/** Remote states, by the event before which they stand: the IDs of their events. */
export type RemoteStates = ReadonlyMap<EventId, readonly EventId[]>

/**
 * Evaluates all events of a room, in any order. Events that depend on one that does not exist are not evaluated.
 *
 * @param remote - "remote state stands in for missing prev events": those of its events that were not rejected
 */
export function judgeRoom(
  rules: RoomVersionRules,
  events: Iterable<Pdu>,
  remote: RemoteStates = new Map(),
): RoomOracle {
  const known = new Map([...events].map((event) => [event.eventId, event]))
  const oracle = new RoomOracle(rules, (id) => known.get(id))
  const isReady = ({ eventId, prevEvents, authEvents }: Pdu): boolean => {
    const standIn = remote.get(eventId)
    const prev = standIn === undefined ? prevEvents : prevEvents.filter((id) => known.has(id))
    return [...prev, ...authEvents, ...(standIn ?? [])].every((id) => oracle.judged(id) !== undefined)
  }
  const judge = (pdu: Pdu): void => {
    const standIn = remote.get(pdu.eventId)?.map((id) => oracle.judged(id))
    const state = standIn?.flatMap((one) => (one === undefined || one.isRejected ? [] : [one.pdu]))
    const before = oracle.stateBefore(pdu, state && stateOf(state))
    if (before !== undefined) oracle.judge(pdu, before)
  }
  let waiting = [...known.values()]
  for (let before = Number.POSITIVE_INFINITY; waiting.length < before; ) {
    before = waiting.length
    for (const pdu of waiting) if (isReady(pdu)) judge(pdu)
    waiting = waiting.filter(({ eventId }) => oracle.judged(eventId) === undefined)
  }
  return oracle
}
