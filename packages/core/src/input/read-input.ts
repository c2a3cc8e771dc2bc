import { InputKind, type InputRoomEvent } from '@roomserver/api'
import { contentState, receivePdu } from '@roomserver/events'
import { type Failures, RoomserverError } from '@roomserver/types'
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

/** Why an input can be nothing that a room takes. No error until somebody throws it: a request may hold many of these. */
export interface InputFault {
  readonly code: 'BAD_REQUEST' | 'UNSUPPORTED_ROOM_VERSION' | 'MALFORMED_EVENT'
  readonly message: string
  readonly toError: () => RoomserverError
}

/** An input that was read, or why it cannot be. */
export type ReadInput =
  | { readonly ok: true; readonly input: EventInput }
  | { readonly ok: false; readonly fault: InputFault }

/**
 * Reads one input as it comes over the wire.
 *
 * @throws {RoomserverError} BAD_REQUEST, UNSUPPORTED_ROOM_VERSION or MALFORMED_EVENT
 */
export function readInput(input: InputRoomEvent): EventInput {
  const read = tryReadInput(input)
  if (read.ok) return read.input
  throw read.fault.toError()
}

/**
 * Reads one input as it comes over the wire: parses the event by the rules of the version that it claims (the room's
 * own is compared later) and checks its format and limits.
 */
export function tryReadInput(input: InputRoomEvent): ReadInput {
  const { event, state_event_ids: stateIds, transaction_id: transaction } = input
  const kind = KINDS.get(input.kind)
  if (kind === undefined) return badRequest('kind', '1 (outlier), 2 (new) or 3 (old)')
  if (event === null) return badRequest('event', 'an event')
  const rules = roomVersion(event.roomVersion)
  if (rules === undefined) {
    const version = event.roomVersion.slice(0, MAX_ID_BYTES)
    const message = `room version ${JSON.stringify(version)} is not known`
    return refused('UNSUPPORTED_ROOM_VERSION', { version }, message)
  }
  const parsed = receivePdu(event.json, rules)
  if (!parsed.ok) return malformed(event.eventId.slice(0, MAX_ID_BYTES), parsed.rule, parsed.reason)
  const { contentHashMatches, pdu } = parsed
  if (event.eventId !== '' && event.eventId !== pdu.eventId) {
    const said = event.eventId.slice(0, MAX_ID_BYTES)
    return malformed(pdu.eventId, '_event_id', `the event's ID is ${pdu.eventId}, not ${said}`)
  }
  const wrong = createVersionFault(pdu) ?? lengthFault(input)
  if (wrong !== undefined) return wrong
  const read: EventInput = {
    kind,
    pdu,
    contentChanged: !contentHashMatches && contentState(event.json, rules) === 'changed',
    stateBefore: input.has_state ? { by: 'rewrite', eventIds: [...new Set(stateIds ?? [])] } : undefined,
    sendAsServer: input.send_as_server,
    transaction:
      transaction === null ? undefined : { sessionId: transaction.session_id, transactionId: transaction.id },
  }
  return { ok: true, input: read }
}

/** A create event says which version its room has; it must have come as one of that. */
function createVersionFault({ type, content, rules, eventId }: EventInput['pdu']): ReadInput | undefined {
  if (type !== 'm.room.create') return undefined
  const version = content['room_version'] ?? '1'
  if (version === rules.version) return undefined
  const said = JSON.stringify(version).slice(0, MAX_ID_BYTES)
  return malformed(
    eventId,
    'room_version',
    `the create event says room version ${said}, not ${rules.version}`,
  )
}

/** What is stored, or announced, beside the event. */
function lengthFault({
  origin,
  send_as_server,
  transaction_id,
  has_state,
  state_event_ids,
}: InputRoomEvent): ReadInput | undefined {
  const isWithin = (text: string, bytes: number) => text.length <= bytes && Buffer.byteLength(text) <= bytes
  if (!isWithin(origin, MAX_ID_BYTES)) return badRequest('origin', 'a server name of at most 255 bytes')
  if (!isWithin(send_as_server, MAX_ID_BYTES))
    return badRequest('send_as_server', 'a server name of at most 255 bytes')
  if (transaction_id !== null && !isWithin(transaction_id.id, MAX_TRANSACTION_BYTES))
    return badRequest('transaction_id.id', `at most ${MAX_TRANSACTION_BYTES} bytes`)
  if (has_state && state_event_ids?.some((id) => !isWithin(id, MAX_ID_BYTES)) === true)
    return badRequest('state_event_ids', 'event IDs of at most 255 bytes')
  return undefined
}

function badRequest(path: string, expected: string): ReadInput {
  return refused('BAD_REQUEST', { path, expected }, `${path}: expected ${expected}`)
}

function malformed(eventId: string, rule: string, reason: string): ReadInput {
  return refused('MALFORMED_EVENT', { eventId, rule, reason }, `event ${eventId} is malformed: ${reason}`)
}

function refused<Code extends InputFault['code']>(
  code: Code,
  details: Failures[Code],
  message: string,
): ReadInput {
  const toError = () => new RoomserverError(code, details, message)
  return { ok: false, fault: { code, message, toError } }
}
