import { InputKind, type InputRoomEvent } from '@roomserver/api'
import { receivePdu } from '@roomserver/events'
import { RoomserverError } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { EventInput, EventKind } from '../decide/event-input.ts'

const KINDS: ReadonlyMap<number, EventKind> = new Map([
  [InputKind.outlier, 'outlier'],
  [InputKind.new, 'new'],
  [InputKind.old, 'old'],
])

/** Longest ID of anything in Matrix, in bytes. */
const MAX_ID_BYTES = 255
/** Longest name that a client may give a transaction, in bytes: it is stored and goes out with the event. */
const MAX_TRANSACTION_BYTES = 1_024

/**
 * Reads one input as it comes over the wire: parses the event by the rules of the version that it claims (the room's
 * own is compared later) and checks its format and limits.
 *
 * @throws {RoomserverError} BAD_REQUEST, UNSUPPORTED_ROOM_VERSION or MALFORMED_EVENT
 */
export function readInput(input: InputRoomEvent): EventInput {
  const { event, state_event_ids: stateIds, transaction_id: transaction } = input
  const kind = KINDS.get(input.kind)
  if (kind === undefined) throw badRequest('kind', '1 (outlier), 2 (new) or 3 (old)')
  if (event === null) throw badRequest('event', 'an event')
  const rules = roomVersion(event.roomVersion)
  if (rules === undefined) {
    const text = `room version ${JSON.stringify(event.roomVersion)} is not known`
    throw new RoomserverError('UNSUPPORTED_ROOM_VERSION', { version: event.roomVersion }, text)
  }
  const parsed = receivePdu(event.json, rules)
  if (!parsed.ok) throw malformed(event.eventId, parsed.rule, parsed.reason)
  const { pdu } = parsed
  if (event.eventId !== '' && event.eventId !== pdu.eventId) {
    throw malformed(pdu.eventId, '_event_id', `the event's ID is ${pdu.eventId} and not ${event.eventId}`)
  }
  checkCreateVersion(pdu)
  checkLengths(input)
  return {
    kind,
    pdu,
    stateBefore: input.has_state ? { by: 'rewrite', eventIds: [...new Set(stateIds ?? [])] } : undefined,
    sendAsServer: input.send_as_server,
    transaction:
      transaction === null ? undefined : { sessionId: transaction.session_id, transactionId: transaction.id },
  }
}

/** A create event says which version its room has; it must have come as one of that. */
function checkCreateVersion({ type, content, rules, eventId }: EventInput['pdu']): void {
  if (type !== 'm.room.create') return
  const version = content['room_version'] ?? '1'
  if (version === rules.version) return
  const said = JSON.stringify(version)
  throw malformed(eventId, 'room_version', `the create event says room version ${said}, not ${rules.version}`)
}

/** What is kept, or told to others, beside the event. */
function checkLengths({
  origin,
  send_as_server,
  transaction_id,
  has_state,
  state_event_ids,
}: InputRoomEvent): void {
  const isWithin = (text: string, bytes: number) => text.length <= bytes && Buffer.byteLength(text) <= bytes
  if (!isWithin(origin, MAX_ID_BYTES)) throw badRequest('origin', 'a server name of at most 255 bytes')
  if (!isWithin(send_as_server, MAX_ID_BYTES))
    throw badRequest('send_as_server', 'a server name of at most 255 bytes')
  if (transaction_id !== null && !isWithin(transaction_id.id, MAX_TRANSACTION_BYTES))
    throw badRequest('transaction_id.id', `at most ${MAX_TRANSACTION_BYTES} bytes`)
  if (has_state && state_event_ids?.some((id) => !isWithin(id, MAX_ID_BYTES)) === true)
    throw badRequest('state_event_ids', 'event IDs of at most 255 bytes')
}

function badRequest(path: string, expected: string): RoomserverError {
  return new RoomserverError('BAD_REQUEST', { path, expected }, `${path}: expected ${expected}`)
}

function malformed(eventId: string, rule: string, reason: string): RoomserverError {
  const text = `event ${eventId} is malformed: ${reason}`
  return new RoomserverError('MALFORMED_EVENT', { eventId, rule, reason }, text)
}
