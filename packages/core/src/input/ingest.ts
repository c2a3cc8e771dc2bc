import type {
  CallContext,
  InputRoomEvent,
  InputRoomEventsRequest,
  InputRoomEventsResponse,
} from '@roomserver/api'
import { isFailure, type RoomId, serverOf } from '@roomserver/types'
import type { EventInput, Outcome } from '../decide/event-input.ts'
import type { BlockedRooms } from './blocked-rooms.ts'
import type { InputCounters } from './counters.ts'
import { arrivalTask } from './event-task.ts'
import type { FetchMissing, WaitingEvents } from './fetch-missing.ts'
import { Inbox, type InboxParts } from './inbox.ts'
import { failureOf } from './outcome-text.ts'
import type { PolicyChecks } from './policy-checks.ts'
import { readInput, tryReadInput } from './read-input.ts'
import { RequestAdmission } from './request-admission.ts'
import { RequestTally } from './request-tally.ts'

/** What the ingester works with. */
export interface IngesterParts extends InboxParts {
  readonly counters: InputCounters
  /** Name of this server. */
  readonly serverName: string
  /** The rooms that take no events. */
  readonly blockedRooms: Pick<BlockedRooms, 'refuse'>
  /** Finds out whether the policy servers of rooms have signed events. */
  readonly policies: Pick<PolicyChecks, 'decide'>
  /** Gets missing events from other servers; `undefined`: there is nobody to ask. */
  readonly fetchMissing?: FetchMissing | undefined
  /** Waits, not for long, until an output of a room was delivered; `undefined`: nobody waits for that. */
  readonly whenDelivered?: ((roomId: RoomId, outputSeq: number) => Promise<unknown>) | undefined
  /** Where it is written down which events wait for others, and what tries again to get those. */
  readonly repairs?: WaitingEvents | undefined
}

/** How often what is missing is fetched for one event: what was fetched can show that more is missing. */
const MAX_FETCHES = 3

/** How many events of one request are under way at a time. */
const AT_ONCE = 256
/** After how many events of one request the log says how far it is. */
const LOG_EVERY = 40 * AT_ONCE

interface IngestOptions {
  /** Where the event waits in the durable inbox. */
  readonly position?: number
  /** Which rooms take events of the same request. */
  readonly admission?: Pick<RequestAdmission, 'admit'>
  /** The last output of each room that the events of the same request brought about. */
  readonly outputs?: Map<RoomId, number>
}

/** Entry point for events: parses each one, queues it on its room's actor and returns the outcome. */
export class Ingester {
  readonly #parts: IngesterParts
  readonly #inbox: Inbox

  constructor(parts: IngesterParts) {
    this.#parts = parts
    this.#inbox = new Inbox(parts, (input, position) => this.#ingest(input, { position }))
  }

  /** Resumes what was queued before the last stop. Rooms go on where they were, in order. */
  resume(): Promise<void> {
    return this.#inbox.resume()
  }

  /** Resumes what other processes have left behind. */
  takeOver(): Promise<void> {
    return this.#inbox.takeOver()
  }

  /** Waits until the events that this process queued are settled. */
  settled(): Promise<void> {
    return this.#inbox.settled()
  }

  /** Waits until queued events that this process knows of are settled. */
  close(): Promise<void> {
    return this.#inbox.close()
  }

  /**
   * Ingests events. Each is decided on its own: one that fails does not keep the others out, and `ErrMsg` tells of
   * the first that failed.
   *
   * @throws {RoomserverError} OVERLOADED, ROOM_QUARANTINED, SHUTTING_DOWN or STORE_UNAVAILABLE, when nothing of the
   * request could be looked at
   */
  async inputRoomEvents(
    request: InputRoomEventsRequest,
    { givesRequest, signal }: CallContext = {},
  ): Promise<InputRoomEventsResponse> {
    const inputs = request.input_room_events ?? []
    const own = (): InputRoomEvent[] => (givesRequest === true ? (inputs as InputRoomEvent[]) : [...inputs])
    const ErrMsg = request.async
      ? await this.#inbox.enqueue(inputs, signal)
      : await this.#decideAll(own(), signal)
    return { ErrMsg, NotAllowed: false }
  }

  /**
   * Ingests one event and waits for what comes of it.
   *
   * @throws {RoomserverError} BAD_REQUEST, UNSUPPORTED_ROOM_VERSION, MALFORMED_EVENT, ROOM_BLOCKED, and those of `inputRoomEvents`
   */
  ingest(input: InputRoomEvent): Promise<Outcome> {
    return this.#ingest(input)
  }

  async #ingest(wire: InputRoomEvent, options: IngestOptions = {}): Promise<Outcome> {
    return await this.#ingestRead(wire, readInput(wire), options)
  }

  /** Says so where an event is stored without its content: for the specification that is not a failure, so nobody else does. */
  async #ingestRead(wire: InputRoomEvent, read: EventInput, options: IngestOptions): Promise<Outcome> {
    const outcome = await this.#decideRead(wire, read, options)
    if (read.contentChanged !== true || outcome.kind !== 'stored' || outcome.known) return outcome
    const { eventId, roomId, sender } = read.pdu
    const fields = { room_id: roomId, event_id: eventId, sender, origin: wire.origin }
    this.#parts.log.info(
      fields,
      'stored an event in redacted form: its content does not have the hash that it names',
    )
    return { ...outcome, contentChanged: true }
  }

  async #decideRead(wire: InputRoomEvent, read: EventInput, options: IngestOptions): Promise<Outcome> {
    const { blockedRooms, rooms } = this.#parts
    const { admission = rooms } = options
    const { roomId } = read.pdu
    const input = { ...read, isOurs: this.#isOurs(wire, read) }
    if (!isLeave(input)) blockedRooms.refuse(roomId)
    admission.admit(roomId)
    const outcome = await this.#decide(input, options)
    if (outcome.kind === 'missing') return await this.#fetching(wire, input, outcome, options)
    await this.#retryDependents(input, outcome)
    return outcome
  }

  /** Whether an event was made here, and not given back to us by another server. */
  #isOurs({ origin }: InputRoomEvent, { pdu: { sender } }: EventInput): boolean {
    const { serverName } = this.#parts
    return serverOf(sender) === serverName && (origin === serverName || origin === '')
  }

  /** What waits for an event that came in, or for its room, is tried again. */
  async #retryDependents({ pdu: { eventId, roomId } }: EventInput, outcome: Outcome): Promise<void> {
    const { repairs } = this.#parts
    if (repairs === undefined) return
    await repairs.jobs.end(eventId)
    if (outcome.kind === 'stored' && !outcome.known) repairs.jobs.arrived(eventId)
    repairs.retries.roomMoved(roomId)
  }

  /** Fetches what an event lacks and decides on it again. What waits for others is written down as long as it does. */
  async #fetching(
    wire: InputRoomEvent,
    event: EventInput,
    first: Outcome,
    options: IngestOptions,
  ): Promise<Outcome> {
    const { rooms, fetchMissing, counters, repairs } = this.#parts
    const { eventId, roomId } = event.pdu
    if (event.kind === 'new') await repairs?.jobs.begin(eventId, roomId, wire)
    let input = event
    let outcome = first
    let reason = 'the fetched events are not sufficient'
    for (let fetches = 0; outcome.kind === 'missing' && fetches < MAX_FETCHES; fetches++) {
      counters.missing++
      const fetched = await fetchMissing?.(input, outcome, wire.origin)
      if (fetched?.kind === 'failed') reason = fetched.reason
      if (fetched === undefined || fetched.kind === 'failed') break
      if (fetched.kind === 'state') {
        input = { ...input, stateBefore: { by: 'repair', eventIds: fetched.eventIds } }
      }
      outcome = await this.#decide(input, options)
    }
    if (outcome.kind !== 'missing') await this.#retryDependents(event, outcome)
    else if (rooms.isClosing) await repairs?.jobs.interrupt(eventId)
    else await repairs?.jobs.fail(eventId, reason, [...outcome.auth, ...outcome.prev, ...outcome.state])
    return outcome
  }

  #decide(input: EventInput, { position, outputs }: IngestOptions): Promise<Outcome> {
    const { roomId } = input.pdu
    return this.#parts.policies.decide(input, (given) => {
      const task = arrivalTask(given, position)
      return this.#parts.rooms.runAdmitted({ ...task, committed: (seq) => outputs?.set(roomId, seq) })
    })
  }

  /**
   * Takes the inputs of a request in order, so many at a time and so long at a time that a large one neither holds the
   * loop nor fills it. Stops when the caller has disconnected: what was begun is finished.
   *
   * @param inputs - emptied: those that were decided upon are let go
   * @returns why the first that was not taken was not; empty when all were
   */
  async #decideAll(inputs: InputRoomEvent[], gone: AbortSignal | undefined): Promise<string> {
    const { length } = inputs
    const { counters, log, rooms } = this.#parts
    const tally = new RequestTally()
    const admission = new RequestAdmission(rooms)
    const outputs = new Map<RoomId, number>()
    counters.undecided += length
    inputs.reverse()
    try {
      for (let taken = 0; inputs.length > 0 && gone?.aborted !== true; ) {
        await this.#decideSome(inputs, length, { tally, admission, outputs }, gone)
        counters.undecided -= length - inputs.length - taken
        taken = length - inputs.length
        if (taken > AT_ONCE && taken % LOG_EVERY < AT_ONCE)
          log.info({ taken, of: length }, 'ingesting a large request')
      }
    } finally {
      counters.undecided -= inputs.length
    }
    tally.throwIfUnavailable()
    if (gone?.aborted !== true) await this.#delivered(outputs)
    return inputs.length === 0 ? tally.firstFailure : 'the caller has disconnected'
  }

  /**
   * Takes so many inputs as are under way at a time.
   *
   * @param inputs - the next is the last of them, and is taken out
   */
  async #decideSome(
    inputs: InputRoomEvent[],
    length: number,
    { tally, ...request }: { readonly tally: RequestTally } & Pick<IngestOptions, 'admission' | 'outputs'>,
    gone: AbortSignal | undefined,
  ): Promise<void> {
    const { share } = this.#parts
    const underWay: Promise<void>[] = []
    for (let some = 0; some < AT_ONCE; some++) {
      if (!share.isFree) await share.rest()
      const at = length - inputs.length
      const wire = gone?.aborted === true ? undefined : inputs.pop()
      if (wire === undefined) break
      const read = tryReadInput(wire)
      if (!read.ok) {
        if (read.fault.code === 'MALFORMED_EVENT') this.#parts.counters.malformed++
        tally.failed(at, read.fault.message)
        continue
      }
      const decided = this.#ingestRead(wire, read.input, request).then(
        (outcome) => tally.settled(at, failureOf(outcome, wire.kind)),
        (error: unknown) => tally.failed(at, this.#textOf(error), error),
      )
      underWay.push(decided)
    }
    await Promise.all(underWay)
  }

  /** Whoever asks consumers next, such as a client that syncs, should find there what was just ingested. */
  async #delivered(outputs: ReadonlyMap<RoomId, number>): Promise<void> {
    const { whenDelivered, log } = this.#parts
    if (whenDelivered === undefined) return
    const waits = await Promise.allSettled([...outputs].map(([roomId, seq]) => whenDelivered(roomId, seq)))
    for (const wait of waits)
      if (wait.status === 'rejected')
        log.warn({ err: wait.reason }, 'could not wait for delivery of outputs; answering without it')
  }

  #textOf(error: unknown): string {
    if (isFailure(error, 'MALFORMED_EVENT')) this.#parts.counters.malformed++
    if (isFailure(error)) return error.message
    this.#parts.log.error({ err: error }, 'could not process event')
    return 'internal error; see the log of the room server'
  }
}

/** Whether a user of this server leaves a room: they may leave a blocked one, too. */
function isLeave({ isOurs, pdu: { type, sender, stateKey, content } }: EventInput): boolean {
  return (
    isOurs === true && type === 'm.room.member' && stateKey === sender && content['membership'] === 'leave'
  )
}
