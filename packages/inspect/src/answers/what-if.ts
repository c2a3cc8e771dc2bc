import type { AuthCheck, WhatIfRequest, WhatIfResponse } from '@roomserver/api'
import { type AuthState, selectAuthEvents } from '@roomserver/auth'
import { type Pdu, trustedPdu } from '@roomserver/events'
import { type EventId, isJsonObject, type JsonObject, type Suspendable } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { authCheck } from '../event/auth-check.ts'
import { neededFor } from '../explain/needed.ts'
import { invalidArgument } from '../failures.ts'
import type { InspectionSource } from '../read/inspection-source.ts'
import type { RecordNeed } from '../read/record-reader.ts'
import { authStateAt, eventsOf } from '../read/records.ts'
import { eventIn, roomView, snapshotAt, summariesWithIds } from '../read/room-view.ts'

/** The ID of an event that does not exist. */
const NOWHERE = '$what-if'

/**
 * Tells whether an event would be allowed at a state of a room.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, EVENT_NOT_FOUND, INVALID_ARGUMENT
 */
export async function whatIf(
  { read, store }: InspectionSource,
  request: WhatIfRequest,
): Promise<WhatIfResponse> {
  const view = await roomView(store, request.room_id)
  const changed = objectOf(request.pdu)
  return await read(function* (reader): Suspendable<RecordNeed, WhatIfResponse> {
    const { event_id: eventId } = request
    const stored = eventId === '' ? undefined : yield* eventIn(reader, view, eventId)
    const base = stored === undefined ? {} : objectOf(stored.json)
    const isCreate = (changed['type'] ?? base['type']) === 'm.room.create'
    const extremities = request.at === '' ? yield* eventsOf(reader, view.room.extremities) : []
    const prevIds = request.at === '' ? extremities.map(({ eventId }) => eventId) : [request.at]
    const draft = { ...base, ...changed, room_id: view.room.roomId }
    const pdu = imagined(draft, view.rules, isCreate && request.side === 'before' ? [] : prevIds)
    const snapshot = yield* snapshotAt(reader, view, { event_id: request.at, side: request.side })
    const state = yield* authStateAt(reader, view.rules, snapshot, pdu)
    const check = authCheck(pdu, state, request.at === '' ? 'current-state' : 'chosen-state')
    const auth = selectAuthEvents(pdu, state, view.rules).map((event) => event.eventId)
    return {
      check,
      auth_events: yield* summariesWithIds(reader, view, auth),
      answer: answerOf(pdu, state, check),
    }
  })
}

function answerOf(pdu: Pdu, state: AuthState, check: AuthCheck): readonly string[] {
  if (check.is_allowed) return [`It would be allowed, by rule ${check.rule.rule}.`]
  return [
    `It would not be allowed, by rule ${check.rule.rule}: ${check.reason}.`,
    ...neededFor(pdu, state).map((way) => `It would be allowed ${way}.`),
  ]
}

/** An event with these members, at a place in the graph, that nobody signed. */
export function imagined(members: JsonObject, rules: RoomVersionRules, prev: readonly EventId[]): Pdu {
  const { content, redacts, sender, state_key: stateKey, type } = members
  if (typeof type !== 'string') throw invalidArgument('pdu', 'an event with a `type`')
  if (typeof sender !== 'string') throw invalidArgument('pdu', 'an event with a `sender`')
  if (stateKey !== undefined && typeof stateKey !== 'string')
    throw invalidArgument('pdu', 'an event whose `state_key` is a string')
  const event = {
    type,
    sender,
    room_id: members['room_id'],
    content: isJsonObject(content) ? content : {},
    ...(stateKey !== undefined && { state_key: stateKey }),
    ...(typeof redacts === 'string' && { redacts }),
    prev_events: rules.eventRefs === 'id' ? prev : prev.map((id) => [id, {}]),
    auth_events: [],
    depth: 0,
    origin_server_ts: 0,
    hashes: {},
    signatures: {},
  }
  return trustedPdu(JSON.stringify(event), NOWHERE, rules)
}

function objectOf(json: string): JsonObject {
  if (json === '') return {}
  try {
    const value: unknown = JSON.parse(json)
    if (isJsonObject(value)) return value
  } catch {
    // Said below.
  }
  throw invalidArgument('pdu', 'an event as a JSON object')
}
