import { type Suspendable, type EventRecord, NO_NID, RoomserverError } from '@roomserver/types'
import { referenceHash } from '@roomserver/events'
import { eventsWithIds } from '../view/reads.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'

/** What makes an event one that cannot be stored, whatever the rules of its room would say. */
export function* faultOf(
  draft: Draft,
  input: EventInput,
  known: EventRecord | null,
): Suspendable<DecideNeed, RoomserverError | undefined> {
  const { pdu } = input
  const isCreate = pdu.type === 'm.room.create' && pdu.stateKey === ''
  if (draft.read.revision === 0 && draft.isEmpty && !isCreate) {
    return new RoomserverError(
      'ROOM_NOT_FOUND',
      { roomId: pdu.roomId },
      `room ${pdu.roomId} does not exist for event ${pdu.eventId}`,
    )
  }
  if (pdu.rules.version !== draft.room.version) {
    return malformed(
      input,
      'room_version',
      `the event was sent as one of room version ${pdu.rules.version}, but the room has version ${draft.room.version}`,
    )
  }
  if (known !== null) return takenId(draft, input, known) ?? (yield* prevInOtherRoom(draft, input))
  if (isCreate && draft.room.current !== NO_NID) {
    return malformed(input, 'create', `room ${pdu.roomId} exists and has another create event`)
  }
  return yield* prevInOtherRoom(draft, input)
}

/** In room versions 1 and 2 an event's author chooses its ID, and may choose one that is taken. */
function takenId(draft: Draft, input: EventInput, known: EventRecord): RoomserverError | undefined {
  const { pdu } = input
  const isSame =
    known.roomNid === draft.read.nid &&
    (draft.rules.eventId !== 'domain' ||
      referenceHash(known.json, draft.rules) === referenceHash(pdu.json, draft.rules))
  return isSame ? undefined : malformed(input, 'event_id', `another event has the ID ${pdu.eventId}`)
}

function* prevInOtherRoom(
  draft: Draft,
  input: EventInput,
): Suspendable<DecideNeed, RoomserverError | undefined> {
  const { prevEvents, roomId } = input.pdu
  const foreign = (yield* eventsWithIds(draft.view, prevEvents)).find(
    (prev) => prev !== null && prev.roomNid !== draft.read.nid,
  )
  if (!foreign) return undefined
  return malformed(input, 'prev_events', `prev event ${foreign.eventId} is not of room ${roomId}`)
}

function malformed({ pdu: { eventId } }: EventInput, rule: string, reason: string): RoomserverError {
  return new RoomserverError('MALFORMED_EVENT', { eventId, rule, reason }, reason)
}
