import { isJsonObject, type JsonObject } from '@roomserver/types'
import type { State } from '@roomserver/testing/reference-resolution'
import { textOf } from '@roomserver/testing'
import { AnnouncedStates } from './announcements.ts'
import { GivenStates } from './given-states.ts'
import { KnownEvents } from './known-events.ts'
import { momentsOf } from './moments.ts'
import type { RecordedLine } from './recording.ts'
import { RoomTruth, type Standing } from './room-truth.ts'

/**
 * What the specification makes of the recorded events, worked out from these alone by a transcription of the
 * algorithms.
 */
export class RecordedTruth {
  /** Rooms whose state the recorded server had wrong, and the step from which on. */
  readonly resets: ReadonlyMap<string, number>
  readonly events: KnownEvents
  readonly #rooms = new Map<string, RoomTruth>()
  readonly #fetched: ReadonlySet<string>
  readonly #backfilled: ReadonlySet<string>

  constructor(lines: readonly RecordedLine[]) {
    this.events = new KnownEvents(lines)
    const given = new GivenStates(lines, this.events)
    const moments = momentsOf(lines)
    const resets = new Map<string, number>()
    const recorded = new AnnouncedStates()
    for (const line of lines) {
      if (line.kind === 'input') this.#ingest(line, moments.get(line) ?? line.step, given)
      const announcement = line.kind === 'output' ? recorded.follow(line.payload) : undefined
      if (announcement === undefined || resets.has(announcement.roomId)) continue
      const truth = this.#rooms.get(announcement.roomId)?.standingAfter(announcement.eventId)
      if (truth !== undefined && !isSame(truth.state, announcement.state))
        resets.set(announcement.roomId, line.step)
    }
    this.resets = resets
    this.#fetched = new Set(lines.flatMap((line) => this.#fetchedBy(line)))
    const backfills = lines.filter(
      (line) => line.kind === 'federation' && line.path.endsWith('/client/backfill'),
    )
    this.#backfilled = new Set(backfills.flatMap((line) => this.#fetchedBy(line)))
  }

  /** The state after events of a room; `undefined` where the recording does not tell. */
  stateAfter(roomId: string, eventIds: readonly string[]): State | undefined {
    return this.#rooms.get(roomId)?.stateAfter(eventIds)
  }

  /** The state before an event, if other servers supplied it to the recorded one. */
  givenBefore(roomId: string, eventId: string, until: number): State | undefined {
    return this.#rooms.get(roomId)?.givenBefore(eventId, until)
  }

  /** Where a room stands while a step is replayed. */
  standingAt(roomId: string, step: number): Standing | undefined {
    return this.#rooms.get(roomId)?.standingAt(step)
  }

  /** The state of a room after an input. */
  standingAfter(roomId: string, eventId: string): Standing | undefined {
    return this.#rooms.get(roomId)?.standingAfter(eventId)
  }

  /** Whether other servers gave an event when they were asked for the past of a room. */
  isFetched(eventId: string): boolean {
    return this.#fetched.has(eventId)
  }

  /** Whether other servers gave an event when they were asked for a backfill. */
  isBackfilled(eventId: string): boolean {
    return this.#backfilled.has(eventId)
  }

  isAccepted(roomId: string, eventId: string): boolean {
    return this.#rooms.get(roomId)?.isAccepted(eventId) ?? false
  }

  /** Whether an event is in the graph of its room, and rejected or soft-failed. */
  isRefused(roomId: string, eventId: string): boolean {
    return this.#rooms.get(roomId)?.isRefused(eventId) ?? false
  }

  /**
   * Rooms in which a server that was given the recorded inputs announced another state than the specification gives, and
   * after which event.
   */
  announcedWrongly(outputs: readonly JsonObject[]): ReadonlyMap<string, string> {
    const wrong = new Map<string, string>()
    const announced = new AnnouncedStates()
    for (const payload of outputs) {
      const announcement = announced.follow(payload)
      if (announcement === undefined || wrong.has(announcement.roomId)) continue
      const truth = this.#rooms.get(announcement.roomId)?.standingAfter(announcement.eventId)
      if (truth !== undefined && !isSame(truth.state, announcement.state))
        wrong.set(announcement.roomId, announcement.eventId)
    }
    return wrong
  }

  #fetchedBy(line: RecordedLine): readonly string[] {
    if (line.kind !== 'federation' || !line.path.includes('/client/')) return []
    const { response } = line
    const lists = isJsonObject(response) ? ['events', 'pdus', 'auth_chain'].map((name) => response[name]) : []
    return lists.flatMap((events) => this.events.idsIn(events))
  }

  #ingest(line: RecordedLine & { kind: 'input' }, until: number, given: GivenStates): void {
    const event = line.input['event']
    if (!isJsonObject(event)) return
    const roomId = textOf(event['room_id'])
    const rules = this.events.rulesOf(roomId)
    if (rules === undefined) return
    const room = this.#rooms.get(roomId) ?? new RoomTruth(roomId, rules, this.events, given)
    this.#rooms.set(roomId, room)
    room.ingest(line.input, line.step, until)
  }
}

function isSame(truth: State, announced: ReadonlySet<string>): boolean {
  return truth.size === announced.size && [...truth.values()].every((pdu) => announced.has(pdu.eventId))
}
