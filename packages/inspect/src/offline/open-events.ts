import type { InspectActivityResponse, InspectionApi } from '@roomserver/api'
import { eventIdOf, type Pdu, trustedPdu } from '@roomserver/events'
import {
  drive,
  type EventId,
  invalidArgument,
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
import { type EventsInProgress, inProgress } from './events-in-progress.ts'

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
  /** Called when the events are read and none is evaluated: their graph can be shown. Not of an answer of `/state`, which is none. */
  readonly onGraph?: (opened: EventsInProgress) => void
}

/**
 * Evaluates the events of a file, as if a server received them in their order, each behind the events that it builds on. Nothing
 * is asked of anybody and nothing is stored.
 *
 * Signatures are not verified. Whether an event is soft-failed depends on the order of the file. Events whose prev events the
 * file lacks are evaluated at a state of their auth events.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when it is not what `readEventFile` gives, such as the text
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
  if (!Array.isArray(file?.events)) throw invalidArgument('file', 'a file as readEventFile gives it')
  const rest = options.rest ?? (() => new Promise<void>((resolve) => setTimeout(resolve)))
  const run = <Result>(computation: Suspendable<RecordNeed, Result>): Promise<Result> =>
    drive(computation, async () => undefined, rest)
  const records = new OfflineRecords()
  const rooms = new Map<RoomId, OfflineRoom>()
  // What outlives this function holds on to nothing of the file as it was parsed.
  const { isState } = file
  const { progress } = options
  const { latest, pdus, roomIds, faults } = eventsIn(file)
  const read = run(pdus())
  const evaluated = read
    .then((all) => run(receiveAll(records, rooms, all, isState, progress)))
    .then(() => {
      const store = new OfflineStore(records, rooms, noActivity)
      return createInspection(() => ({ store, read: (compute) => run(compute(records)) }))
    })
  const { onGraph } = options
  if (!isState && onGraph !== undefined) {
    const early = inProgress({ latest: latest(LATEST), read, records, rooms, evaluated })
    onGraph({ ...early, roomIds, events: file.events.length })
  }
  const inspection = await evaluated
  const { length: events } = await read
  return { inspection, roomIds: [...rooms.keys()], events, faults: [...file.faults, ...faults].slice(0, 20) }
}

/** Of so many events the graph can be shown before the IDs of all are known. */
const LATEST = 2_000

function* receiveAll(
  records: OfflineRecords,
  rooms: Map<RoomId, OfflineRoom>,
  pdus: readonly Pdu[],
  isState: boolean,
  progress: OpenOptions['progress'],
): Suspendable<RecordNeed, void> {
  const ordered = yield* byReferences(pdus, isState ? (pdu) => pdu.authEvents : allReferences)
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
function* byReferences(
  pdus: readonly Pdu[],
  referencesOf: (pdu: Pdu) => readonly EventId[],
): Suspendable<never, readonly Pdu[]> {
  const byId = new Map(pdus.map((pdu) => [pdu.eventId, pdu]))
  const state = new Map<EventId, 'open' | 'done'>()
  const ordered: Pdu[] = []
  for (const first of pdus) {
    yield undefined
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

/** The events of a file, read when they are wanted. */
interface FileReader {
  readonly roomIds: readonly RoomId[]
  /** So many of the greatest depth. */
  readonly latest: (count: number) => readonly Pdu[]
  readonly pdus: () => Suspendable<never, readonly Pdu[]>
  /** What could not be read so far. */
  readonly faults: readonly string[]
}

function eventsIn({ events, roomVersion: named }: EventFile): FileReader {
  const versions = versionsOf(events)
  const roomIds = events.map(roomIdOf)
  const made = new Map<number, Pdu | undefined>()
  const faults: string[] = []
  const at = (place: number): Pdu | undefined => {
    const event = events[place]
    if (event === undefined || made.has(place)) return made.get(place)
    const version = named ?? versions.get(roomIds[place] ?? '') ?? '1'
    const rules = roomVersion(version)
    if (rules === undefined)
      faults.push(`element ${place + 1}: unknown room version ${JSON.stringify(version)}`)
    const pdu = rules && pduOf(event, rules)
    made.set(place, pdu)
    return pdu
  }
  return {
    roomIds: [...new Set(roomIds)],
    faults,
    latest: (count) =>
      [...events.keys()]
        .toSorted((a, b) => depthOf(events[b]) - depthOf(events[a]))
        .slice(0, count)
        .flatMap((place) => at(place) ?? []),
    pdus: function* () {
      const pdus: Pdu[] = []
      for (const place of events.keys()) {
        const pdu = at(place)
        if (pdu !== undefined) pdus.push(pdu)
        yield undefined
      }
      made.clear()
      return pdus
    },
  }
}

function depthOf(event: FileEvent | undefined): number {
  const depth = event?.members['depth']
  return typeof depth === 'number' ? depth : 0
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
