import { authStateOf, powersIn } from '@roomserver/auth'
import { type EventId, type RoomRecord, RoomserverError, type UserId } from '@roomserver/types'
import { rulesOf } from '../output/headered.ts'
import { readRoom } from '../query/context.ts'
import { currentAuthPdus } from '../query/current-pdus.ts'
import { eventWithId } from '../view/reads.ts'
import type { EventTemplate } from './build.ts'
import type { PerformContext } from './context.ts'

/** A redaction to be sent. */
export interface RedactionTemplate {
  readonly sender: UserId
  readonly eventId: EventId
  readonly reason?: string | undefined
}

const POWERS = [
  { type: 'm.room.create', stateKey: '' },
  { type: 'm.room.power_levels', stateKey: '' },
]

/**
 * The event that redacts another one, if the user may do that: it is their own, or they have the level to redact those
 * of others. The authorization rules would let every member send it, and leave to servers whether it takes effect.
 *
 * @throws {RoomserverError} EVENT_NOT_FOUND, NOT_ALLOWED
 * @see https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid
 */
export async function redactionOf(
  context: PerformContext,
  room: RoomRecord,
  { sender, eventId, reason }: RedactionTemplate,
): Promise<EventTemplate> {
  const rules = rulesOf(room)
  const { target, powers } = await readRoom(context, function* (view) {
    const record = yield* eventWithId(view, eventId)
    const state = authStateOf(yield* currentAuthPdus(view, room, POWERS))
    const isHere = record !== null && record.roomNid === room.nid
    return { target: isHere ? view.pduOf(record, rules) : undefined, powers: powersIn(state, rules) }
  })
  if (target === undefined) throw eventNotFound(eventId)
  const needed = powers.levelTo('redact')
  if (target.sender !== sender && !powers.can(sender, 'redact')) {
    const message = `${sender} may not redact an event of ${target.sender}: that needs level ${needed}`
    throw new RoomserverError('NOT_ALLOWED', { eventId, rule: 'redact', reason: message }, message)
  }
  const content = reason === undefined ? {} : { reason }
  return { type: 'm.room.redaction', sender, content, redacts: eventId }
}

function eventNotFound(eventId: EventId): RoomserverError {
  const message = `event ${JSON.stringify(eventId)} is not known in this room`
  return new RoomserverError('EVENT_NOT_FOUND', { eventId }, message)
}
