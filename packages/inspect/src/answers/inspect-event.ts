import type { AuthCheck, EventSignature, InspectEventResponse, StateChange } from '@roomserver/api'
import { contentHash, contentState, eventIdOf, type Pdu, requiredSignatures } from '@roomserver/events'
import { difference } from '@roomserver/state'
import {
  type EventId,
  type EventRecord,
  isJsonObject,
  NO_NID,
  type SnapshotNid,
  type Suspendable,
} from '@roomserver/types'
import { authCheck, checkOf, ruleReference } from '../event/auth-check.ts'
import { checkByAuthEvents } from '../event/check-by-auth-events.ts'
import { eventNotFound } from '../failures.ts'
import type { InspectionSource } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { authStateAt, eventWithId, snapshotOf } from '../read/records.ts'
import {
  authPduOf,
  type RoomView,
  summariesOf,
  summariesWithIds,
  summaryOf,
  viewOf,
} from '../read/room-view.ts'
import { stateChanges } from './state-changes.ts'
import { successorsOf } from './successors.ts'

/** How many changes of the state by one event are shown. */
const MAX_CHANGES = 100

/**
 * Everything that is known of an event.
 *
 * @throws {RoomserverError} EVENT_NOT_FOUND, UNSUPPORTED_ROOM_VERSION
 */
export async function inspectEvent(
  source: InspectionSource,
  { event_id: eventId }: { readonly event_id: EventId },
): Promise<InspectEventResponse> {
  const { found, view } = await eventInItsRoom(source, eventId)
  const remote = await source.store.remoteStates(view.room.nid)
  const hasRemoteState = remote.some(({ event, isVerified }) => event === found.nid && !isVerified)
  const { successors, isWhole } = await successorsOf(source, view, found)
  return await source.read(function* (reader): Suspendable<RecordNeed, InspectEventResponse> {
    return {
      ...(yield* eventDetails(reader, view, found)),
      successors: successors.map((record) => summaryOf(reader, view, record)),
      all_successors: isWhole,
      has_remote_state: hasRemoteState,
    }
  })
}

/**
 * What is known of an event but for what was stored later.
 *
 * @throws {RoomserverError} EVENT_NOT_FOUND, UNSUPPORTED_ROOM_VERSION
 */
export async function detailsOf(source: InspectionSource, eventId: EventId): Promise<EventDetails> {
  const { found, view } = await eventInItsRoom(source, eventId)
  return await source.read((reader) => eventDetails(reader, view, found))
}

async function eventInItsRoom(
  { read, store }: InspectionSource,
  eventId: EventId,
): Promise<{ readonly found: EventRecord; readonly view: RoomView }> {
  const found = await read((reader) => eventWithId(reader, eventId))
  const [room] = found === null ? [] : await store.roomsByNid([found.roomNid])
  if (found === null || room === undefined) throw eventNotFound(eventId)
  return { found, view: viewOf(room) }
}

/** What is known of an event but for what was stored later. */
export type EventDetails = Omit<InspectEventResponse, 'successors' | 'all_successors' | 'has_remote_state'>

function* eventDetails(
  reader: RecordReader,
  view: RoomView,
  record: EventRecord,
): Suspendable<RecordNeed, EventDetails> {
  const { room, rules } = view
  const pdu = reader.pduOf(record, rules)
  const signatures = signaturesOf(pdu)
  const signed = new Set(signatures.map(({ server }) => server))
  const { rule } = record
  return {
    room_id: room.roomId,
    room_version: room.version,
    event: summaryOf(reader, view, record),
    pdu: record.json,
    event_id_matches: eventIdOf(record.json, rules) === record.eventId,
    content: contentOf(pdu),
    signatures,
    missing_signatures: requiredSignatures(pdu).filter((server) => !signed.has(server)),
    prev: yield* summariesWithIds(reader, view, pdu.prevEvents),
    auth: yield* summariesWithIds(reader, view, pdu.authEvents),
    verdict: {
      verdict: record.verdict,
      rule: rule === undefined ? null : ruleReference(rule),
      reason: record.reason ?? '',
    },
    checks: yield* checksOf(reader, view, record),
    has_state: record.before !== NO_NID,
    changes: yield* changesBy(reader, view, record),
    redacted_by: (yield* summariesOf(reader, view, [record.redactedBy]))[0] ?? null,
  }
}

/** Whether the content is as its sender hashed it; what a redaction leaves of it cannot be told from a change without that. */
function contentOf({ json, rules }: Pdu): InspectEventResponse['content'] {
  const parsed: unknown = JSON.parse(json)
  const hashes = isJsonObject(parsed) ? parsed['hashes'] : undefined
  const hashed = isJsonObject(hashes) ? hashes['sha256'] : undefined
  return hashed === contentHash(json) ? 'whole' : contentState(json, rules)
}

/** The most signatures of an event that are listed. */
const MAX_SIGNATURES = 100

function signaturesOf(pdu: Pdu): readonly EventSignature[] {
  const required = new Set(requiredSignatures(pdu))
  const parsed: unknown = JSON.parse(pdu.json)
  const all = isJsonObject(parsed) ? parsed['signatures'] : undefined
  if (!isJsonObject(all)) return []
  return Object.entries(all)
    .flatMap(([server, keys]) =>
      Object.keys(isJsonObject(keys) ? keys : {}).map((key_id) => ({
        server,
        key_id,
        is_required: required.has(server),
      })),
    )
    .slice(0, MAX_SIGNATURES)
}

/** The rules against the auth events of an event, the state before it, and the current state. */
function* checksOf(
  reader: RecordReader,
  view: RoomView,
  record: EventRecord,
): Suspendable<RecordNeed, readonly AuthCheck[]> {
  const pdu = authPduOf(reader, view, record)
  const named = yield* checkByAuthEvents(reader, view.rules, pdu)
  const checks = [
    named.state === undefined
      ? checkOf(named.verdict, 'auth-events')
      : authCheck(pdu, named.state, 'auth-events'),
  ]
  const { before } = record
  if (before !== NO_NID) checks.push(yield* checkAt(reader, view, pdu, before, 'state-before'))
  const { current } = view.room
  if (current !== NO_NID && current !== before)
    checks.push(yield* checkAt(reader, view, pdu, current, 'current-state'))
  return checks
}

/** The rules against a state. */
function* checkAt(
  reader: RecordReader,
  view: RoomView,
  pdu: Pdu,
  snapshot: SnapshotNid,
  against: AuthCheck['against'],
): Suspendable<RecordNeed, AuthCheck> {
  return authCheck(pdu, yield* authStateAt(reader, view.rules, snapshot, pdu), against)
}

function* changesBy(
  reader: RecordReader,
  view: RoomView,
  { before, after }: EventRecord,
): Suspendable<RecordNeed, readonly StateChange[]> {
  if (before === after || before === NO_NID) return []
  const [from, to] = [yield* snapshotOf(reader, before), yield* snapshotOf(reader, after)]
  const changes = yield* difference(from, to, reader)
  return yield* stateChanges(reader, view, changes.slice(0, MAX_CHANGES))
}
