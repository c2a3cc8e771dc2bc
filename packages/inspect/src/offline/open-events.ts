import type { InspectActivityResponse, InspectionApi } from '@roomserver/api'
import { eventIdOf, type Pdu, trustedPdu } from '@roomserver/events'
import {
  drive,
  type EventId,
  isJsonObject,
  type JsonObject,
  type RoomId,
  type StateEntry,
  type Suspendable,
} from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { createInspection } from '../create-inspection.ts'
import type { RecordNeed } from '../read/record-reader.ts'
import type { EventFile, FileEvent } from './event-file.ts'
import { OfflineRecords } from './offline-records.ts'
import { OfflineRoom } from './offline-room.ts'
import { OfflineStore } from './offline-store.ts'

/** Rooms of a file, open for inspection. */
export interface OpenedEvents {
  readonly inspection: InspectionApi
  readonly roomIds: readonly RoomId[]
  readonly events: number
  /** What could not be read, in sentences. */
  readonly faults: readonly string[]
}

/** How a file is opened. */
export interface OpenOptions {
  /** Called now and then with how many events were evaluated, of how many. */
  readonly progress?: (done: number, of: number) => void
  /** Lets others have a turn. */
  readonly rest?: () => Promise<void>
}

/**
 * Evaluates the events of a file, as if a server received them in their order, each behind the events that it builds on. Nothing
 * is asked of anybody and nothing is stored.
 *
 * Signatures are not verified. Whether an event is soft-failed depends on the order of the file. Events whose prev events the
 * file lacks are evaluated at a state of their auth events.
 * @example
 * ```ts
 * import { openEvents, readEventFile } from '@roomserver/inspect'
 *
 * declare const text: string // events as JSON Lines, or one of the other formats
 * const { events, faults, roomIds } = await openEvents(readEventFile(text))
 * console.log(`${events} events of ${roomIds.length} rooms`, faults)
 * ```
 */
export async function openEvents(file: EventFile, options: OpenOptions = {}): Promise<OpenedEvents> {
  const rest = options.rest ?? (() => new Promise<void>((resolve) => setTimeout(resolve)))
  const records = new OfflineRecords()
  const rooms = new Map<RoomId, OfflineRoom>()
  const faults = [...file.faults]
  const pdus = pdusOf(file, faults)
  await drive(receiveAll(records, rooms, pdus, file.isState, options.progress), async () => undefined, rest)
  const store = new OfflineStore(records, rooms, noActivity)
  const inspection = createInspection(() => ({
    store,
    read: (compute) => drive(compute(records), async () => undefined, rest),
  }))
  return { inspection, roomIds: [...rooms.keys()], events: pdus.length, faults: faults.slice(0, 20) }
}

function* receiveAll(
  records: OfflineRecords,
  rooms: Map<RoomId, OfflineRoom>,
  pdus: readonly Pdu[],
  isState: boolean,
  progress: OpenOptions['progress'],
): Suspendable<RecordNeed, void> {
  const ordered = isState ? byReferences(pdus, (pdu) => pdu.authEvents) : byReferences(pdus, allReferences)
  for (const [at, pdu] of ordered.entries()) {
    if (records.eventById(pdu.eventId) !== null) continue
    const room = rooms.get(pdu.roomId) ?? new OfflineRoom(records, pdu.rules, pdu.roomId)
    rooms.set(pdu.roomId, room)
    yield* isState ? room.receiveOutlier(pdu) : room.receive(pdu)
    if (at % 256 === 255) progress?.(at + 1, ordered.length)
    yield undefined
  }
  if (!isState) return
  for (const [roomId, room] of rooms) yield* room.setCurrent(entriesOf(records, pdus, roomId))
}

/** Of an answer of `/state`, the later events of a type and state key are the state; the others its auth chain. */
function entriesOf(records: OfflineRecords, pdus: readonly Pdu[], roomId: RoomId): readonly StateEntry[] {
  return pdus.flatMap((pdu) => {
    const record = pdu.roomId === roomId && pdu.stateKey !== undefined ? records.eventById(pdu.eventId) : null
    return record === null ? [] : [{ type: record.typeNid, stateKey: record.stateKeyNid, event: record.nid }]
  })
}

function allReferences({ authEvents, prevEvents }: Pdu): readonly EventId[] {
  return [...prevEvents, ...authEvents]
}

/** The events in their order, but each behind those that it refers to. */
function byReferences(pdus: readonly Pdu[], referencesOf: (pdu: Pdu) => readonly EventId[]): readonly Pdu[] {
  const byId = new Map(pdus.map((pdu) => [pdu.eventId, pdu]))
  const state = new Map<EventId, 'open' | 'done'>()
  const ordered: Pdu[] = []
  for (const first of pdus) {
    const path = [first]
    for (let pdu = path.at(-1); pdu !== undefined; pdu = path.at(-1)) {
      const isNew = !state.has(pdu.eventId)
      state.set(pdu.eventId, isNew ? 'open' : (state.get(pdu.eventId) ?? 'open'))
      const waiting = isNew ? referencesOf(pdu).flatMap((id) => byId.get(id) ?? []) : []
      const next = waiting.filter(({ eventId }) => !state.has(eventId))
      path.push(...next.toReversed())
      if (next.length > 0) continue
      path.pop()
      if (state.get(pdu.eventId) === 'done') continue
      state.set(pdu.eventId, 'done')
      ordered.push(pdu)
    }
  }
  return ordered
}

function pdusOf({ events, roomVersion: named }: EventFile, faults: string[]): readonly Pdu[] {
  const versions = versionsOf(events)
  return events.flatMap((event, at) => {
    const roomId = roomIdOf(event)
    const version = named ?? versions.get(roomId) ?? '1'
    const rules = roomVersion(version)
    if (rules === undefined) {
      faults.push(`element ${at + 1}: unknown room version ${JSON.stringify(version)}`)
      return []
    }
    return [pduOf(event, rules)]
  })
}

function pduOf({ eventId, members }: FileEvent, rules: RoomVersionRules): Pdu {
  const { event_id: _own, ...rest } = members
  const json = JSON.stringify(rules.eventId === 'domain' ? members : rest)
  return trustedPdu(json, eventId ?? eventIdOf(json, rules), rules)
}

/** The room versions that create events name. */
function versionsOf(events: readonly FileEvent[]): ReadonlyMap<RoomId, string> {
  const versions = new Map<RoomId, string>()
  for (const event of events) {
    const { content, state_key: stateKey, type } = event.members
    if (type !== 'm.room.create' || stateKey !== '') continue
    const version = isJsonObject(content) ? content['room_version'] : undefined
    versions.set(roomIdOf(event), typeof version === 'string' ? version : '1')
  }
  return versions
}

/** The room of an event; that of a create event of room version 12 is named by its own ID. */
function roomIdOf({ eventId, members }: FileEvent): RoomId {
  const { room_id: roomId } = members
  if (typeof roomId === 'string') return roomId
  return `!${(eventId ?? createIdOf(members)).slice(1)}`
}

function createIdOf(members: JsonObject): EventId {
  const content = members['content']
  const version = isJsonObject(content) ? content['room_version'] : undefined
  const rules = typeof version === 'string' ? roomVersion(version) : undefined
  return rules === undefined ? '$' : eventIdOf(members, rules)
}

function noActivity(): InspectActivityResponse {
  return {
    server_name: '',
    started_ts: 0,
    rooms: [],
    queued_events: 0,
    queued_bytes: 0,
    inbox: 0,
    waiting_outputs: -1,
    figures: [],
  }
}
