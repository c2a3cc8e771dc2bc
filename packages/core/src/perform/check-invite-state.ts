import type { HeaderedEvent } from '@roomserver/api'
import { type Pdu, receivePdu, verifySignatures } from '@roomserver/events'
import { keyFinderOf, keyRequestsFor } from '../missing-events/verify-events.ts'
import { federationFor } from './components.ts'
import type { PerformContext } from './context.ts'
import { Refusal } from './refusal.ts'

/** How many events the state that an invite comes with may have. */
const MAX_EVENTS = 50

/**
 * Checks the state that another server's invite came with: events of the room's format, of the same room, signed as they must
 * be, the create event among them. Nobody can make up a room's name, or its creators, that way.
 *
 * @throws {Refusal} with the code for a bad request, as the specification asks for (`M_INVALID_PARAM`)
 * @see https://spec.matrix.org/v1.19/server-server-api/#inviting-to-a-room
 */
export async function checkInviteState(
  context: PerformContext,
  invite: Pdu,
  given: readonly HeaderedEvent[],
): Promise<readonly Pdu[]> {
  if (given.length > MAX_EVENTS) throw invalid(`it has more than ${MAX_EVENTS} events`)
  const events = given.map(({ json }) => parsed(json, invite))
  if (!events.some(({ type, stateKey }) => type === 'm.room.create' && stateKey === '')) {
    throw invalid('m.room.create is missing')
  }
  const { queryPublicKey } = federationFor(context, 'checking the state that an invite came with')
  const { results } = await queryPublicKey({ requests: keyRequestsFor(events) })
  const findKey = keyFinderOf(results)
  for (const event of events) {
    const verdict = await verifySignatures(event, findKey, context.clock.now())
    if (!verdict.ok) throw invalid(`${event.type}: ${verdict.reason}`)
  }
  return events
}

function parsed(json: string, { rules, roomId }: Pdu): Pdu {
  const verdict = receivePdu(json, rules)
  if (!verdict.ok) throw invalid(`an event is malformed: ${verdict.reason}`)
  const { pdu } = verdict
  if (pdu.stateKey === undefined) throw invalid(`${pdu.type} is not a state event`)
  if (pdu.roomId !== roomId) throw invalid(`${pdu.type} is of another room`)
  return pdu
}

function invalid(reason: string): Refusal {
  return new Refusal('badRequest', `M_INVALID_PARAM: invite_room_state: ${reason}`)
}
