import { type EventRecord, serverOf } from '@roomserver/types'
import { same } from '../oracle/same.ts'
import type { Held } from './held.ts'
import { keyOf } from '@roomserver/testing/reference-resolution'
import type { Judgement, RoomOracle } from '../oracle/room-oracle.ts'
import type { SimulatedServer } from './simulated-server.ts'

/**
 * A server that joins again through another one starts with the state of that one. Of the extremities that it had before it keeps what changed
 * the memberships of others of its users, if that server has not heard of it: it has the entry that was replaced still.
 * Messages and the like are forgotten.
 */
export function isForgotten(
  server: SimulatedServer,
  end: Judgement | undefined,
  reference: RoomOracle,
): boolean {
  const backs = end && server.cameBack.get(end.pdu.roomId)
  if (end === undefined || backs === undefined) return false
  const { type, sender, stateKey } = end.pdu
  if (type !== 'm.room.member' || serverOf(sender) !== server.name) return true
  const entry = keyOf(type, stateKey ?? '')
  return backs.some((back) => {
    const remote = reference.judged(back.eventId)?.before.get(entry)
    return back.stateKey === stateKey || remote !== end.before.get(entry)
  })
}

/** The forward extremities that follow from which events a server accepted. */
export function extremitiesOf(
  records: ReadonlyMap<string, EventRecord>,
  reference: RoomOracle,
): readonly string[] {
  return reference
    .forwardExtremities(({ pdu }) => records.get(pdu.eventId)?.verdict === 'accepted')
    .toSorted()
}

/** The extremities of a server, less those that are so only until the next event. */
export function countingExtremities(
  held: Held,
  expected: readonly string[],
  reference: RoomOracle,
): readonly string[] {
  return held.extremities.filter((id) => expected.includes(id) || isNamed(id, held, reference))
}

/**
 * Whether an accepted event names this one. (One that comes late and is built upon only by way of events that are not
 * here, or that failed, stays an extremity until the next event. So does one in whose place there is only an event at
 * remote state.)
 */
function isNamed(id: string, { records, remote }: Held, reference: RoomOracle): boolean {
  return [...records.values()].some(
    ({ eventId, verdict }) =>
      verdict === 'accepted' &&
      !remote.has(eventId) &&
      reference.judged(eventId)?.pdu.prevEvents.includes(id) === true,
  )
}

/**
 * Whether two servers have the same ends, and with them the same current state, as far as neither forgot one when it came
 * in: the state of that one goes on without it, until who has it speaks.
 */
export function endAlike(first: Held, other: Held, reference: RoomOracle): boolean {
  const haveSameState = same(first.current, other.current)
  if (same(first.extremities, other.extremities)) return haveSameState
  const isForgottenByOne = (id: string) =>
    [first, other].some(({ server }) => isForgotten(server, reference.judged(id), reference))
  const [extremities = [], others = []] = [first, other].map((held) =>
    countingExtremities(held, extremitiesOf(held.records, reference), reference).filter(
      (id) => !isForgottenByOne(id),
    ),
  )
  if (!same(extremities, others)) return false
  return haveSameState || [...first.extremities, ...other.extremities].some(isForgottenByOne)
}
