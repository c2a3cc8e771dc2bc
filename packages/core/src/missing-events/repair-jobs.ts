import type { InputRoomEvent } from '@roomserver/api'
import {
  type Clock,
  type EventId,
  type Logger,
  type RepairRecord,
  type RoomId,
  paged,
} from '@roomserver/types'
import type { InputCounters } from '../input/counters.ts'
import type { RepairStore } from '../ports.ts'

/** What the book of repairs works with. */
export interface RepairJobParts {
  readonly store: RepairStore
  readonly clock: Clock
  readonly log: Logger
  readonly counters: InputCounters
}

/** How many repairs are kept, and how often they are tried. */
export interface RepairJobLimits {
  /** Events that wait, over all rooms; more are not remembered once their repair failed. */
  readonly maxJobs: number
  /** Bytes of those events. */
  readonly maxJobBytes: number
  /** Attempts after which a repair is left to operators. */
  readonly maxAttempts: number
  /** How long a repair rests that failed once; twice as long after each further attempt. */
  readonly retryAfterMs: number
  readonly maxRetryAfterMs: number
}

/** How a repair stands; the text of its event is in the store. */
export type RepairJob = Omit<RepairRecord, 'payload'>

/** How many are read at a time. */
const PAGE = 100
/** How often it is read what other processes wrote down, in ms. */
const REFRESH_MS = 60_000
/** How long another process may be at a repair before it is taken for gone, in ms. */
const LEASE_MS = 15 * 60_000
/** How many missing events of one that waits are remembered by name. */
const MAX_WANTED = 32

/**
 * The book of repairs: which events wait for others, and what was done about it. Stored, so that a repair that a crash
 * or a deadline ended is resumed.
 */
export class RepairJobs {
  readonly #parts: RepairJobParts
  readonly #limits: RepairJobLimits
  readonly #jobs = new Map<EventId, RepairJob & { readonly bytes: number }>()
  readonly #payloads = new Map<EventId, string>()
  readonly #ofRoom = new Map<RoomId, Set<EventId>>()
  /** Events that others wait for, with those; what an earlier process knew of that is not kept. */
  readonly #wanted = new Map<EventId, Set<EventId>>()
  /** The other way round. */
  readonly #wants = new Map<EventId, readonly EventId[]>()
  #bytes = 0
  #refreshedTs = 0

  constructor(parts: RepairJobParts, limits: RepairJobLimits) {
    this.#parts = parts
    this.#limits = limits
  }

  /** All repairs, those of other processes as they stood a minute ago at the latest. */
  get all(): readonly RepairJob[] {
    return [...this.#jobs.values()]
  }

  /** Reads what earlier processes left. What was under way when they ended failed. */
  async load(): Promise<void> {
    for await (const record of this.#stored()) {
      if (this.#jobs.has(record.eventId)) continue
      const isOver = record.state === 'gave-up'
      this.#keepStored({ ...record, state: isOver ? 'gave-up' : 'failed' })
    }
  }

  /** Reads now and then what other processes have begun and ended. What one was at too long it has left behind. */
  async refresh(): Promise<void> {
    const now = this.#parts.clock.now()
    if (now - this.#refreshedTs < REFRESH_MS) return
    this.#refreshedTs = now
    const gone = new Set(this.#jobs.keys())
    for await (const record of this.#stored()) {
      gone.delete(record.eventId)
      if (!this.#isSame(record)) this.#keepStored(record)
    }
    for (const id of gone) if (!this.#payloads.has(id)) this.#forget(id)
  }

  async *#stored(): AsyncGenerator<RepairRecord, void, void> {
    const read = (after: EventId, limit: number) => this.#parts.store.repairs(after, limit)
    const keyOf = ({ eventId }: RepairRecord) => eventId
    for await (const page of paged({ read, keyOf, first: '', limit: PAGE })) yield* page
  }

  /** Notes that an event waits, before anything is fetched for it. */
  async begin(eventId: EventId, roomId: RoomId, input: InputRoomEvent): Promise<void> {
    const payload = JSON.stringify(input)
    const known = this.#jobs.get(eventId)
    const { maxJobs, maxJobBytes } = this.#limits
    if (known === undefined && (this.#jobs.size >= maxJobs || this.#bytes + payload.length > maxJobBytes)) {
      this.#parts.log.warn(
        { room_id: roomId, event_id: eventId },
        'too many events wait for missing events; dropped one',
      )
      return
    }
    const now = this.#parts.clock.now()
    const fresh = { eventId, roomId, fetched: 0, attempts: 0, lastError: '', sinceTs: now, nextTs: now }
    this.#payloads.set(eventId, payload)
    await this.#put({ ...fresh, ...known, state: 'waiting' })
  }

  /** Its turn has come. */
  async run(eventId: EventId): Promise<void> {
    const job = this.#jobs.get(eventId)
    if (job === undefined) return
    await this.#put({ ...job, state: 'running', attempts: job.attempts + 1, nextTs: this.#parts.clock.now() })
  }

  /** The server stops: what was begun does not count as an attempt, and the next start takes it up. */
  async interrupt(eventId: EventId): Promise<void> {
    const job = this.#jobs.get(eventId)
    if (job === undefined) return
    const attempts = job.state === 'running' ? job.attempts - 1 : job.attempts
    const nextTs = this.#parts.clock.now()
    await this.#put({ ...job, state: 'failed', attempts, lastError: 'the server was stopped', nextTs })
  }

  /** Another event was fetched and stored for it. Written down with its next step. */
  fetched(eventId: EventId): void {
    const job = this.#jobs.get(eventId)
    if (job !== undefined) this.#jobs.set(eventId, { ...job, fetched: job.fetched + 1 })
  }

  /**
   * The attempt did not get what is missing.
   *
   * @param missing - what still is
   */
  async fail(eventId: EventId, lastError: string, missing: readonly EventId[]): Promise<void> {
    const job = this.#jobs.get(eventId)
    if (job === undefined) return
    const { maxAttempts, retryAfterMs, maxRetryAfterMs } = this.#limits
    const rest = Math.min(maxRetryAfterMs, retryAfterMs * 2 ** Math.max(0, job.attempts - 1))
    const isOver = job.attempts >= maxAttempts
    if (isOver) {
      this.#parts.counters.repairsGivenUp++
      const fields = { room_id: job.roomId, event_id: eventId, attempts: job.attempts, reason: lastError }
      this.#parts.log.error(fields, 'gave up fetching missing events; run roomserver repair to try again')
    }
    const nextTs = this.#parts.clock.now() + rest
    await this.#put({ ...job, state: isOver ? 'gave-up' : 'failed', lastError, nextTs })
    this.#payloads.delete(eventId)
    this.#wantNothing(eventId)
    const wants = missing.slice(0, MAX_WANTED)
    this.#wants.set(eventId, wants)
    for (const id of wants) {
      this.#wanted.set(id, (this.#wanted.get(id) ?? new Set()).add(eventId))
    }
  }

  /** An event came in on its own: those that wait for it are tried again without rest. */
  arrived(eventId: EventId): void {
    const waiting = this.#wanted.get(eventId)
    if (waiting === undefined) return
    this.#wanted.delete(eventId)
    for (const id of waiting) {
      const job = this.#jobs.get(id)
      if (job !== undefined) this.#jobs.set(id, { ...job, state: 'failed', nextTs: 0 })
    }
  }

  /** Nothing waits any more. */
  async end(eventId: EventId): Promise<void> {
    if (!this.#jobs.has(eventId)) return
    this.#forget(eventId)
    await this.#parts.store.dropRepairs([eventId])
  }

  /** Rooms with a repair that may be tried again now. */
  get dueRooms(): readonly RoomId[] {
    return [...this.#ofRoom.keys()].filter((roomId) => this.due(roomId).length > 0)
  }

  /** Events of a room whose repair may be tried again now. */
  due(roomId: RoomId): readonly EventId[] {
    const now = this.#parts.clock.now()
    const ids = this.#ofRoom.get(roomId)
    if (ids === undefined) return []
    return [...ids].filter((id) => {
      const job = this.#jobs.get(id)
      if (job === undefined || job.state === 'gave-up') return false
      if (job.state === 'failed') return job.nextTs <= now
      return !this.#payloads.has(id) && job.nextTs + LEASE_MS <= now
    })
  }

  /** Whether a stored repair stands as we know it, or is one that we are at. */
  #isSame({ eventId, state, attempts }: RepairRecord): boolean {
    const job = this.#jobs.get(eventId)
    return this.#payloads.has(eventId) || (job?.state === state && job.attempts === attempts)
  }

  #keepStored({ payload, ...job }: RepairRecord): void {
    this.#keep(job, payload.length)
  }

  async #put(job: RepairJob): Promise<void> {
    const payload = this.#payloads.get(job.eventId) ?? ''
    this.#keep(job, payload.length)
    await this.#parts.store.putRepairs([{ ...job, payload }])
  }

  #keep(job: RepairJob, bytes: number): void {
    this.#bytes += bytes - (this.#jobs.get(job.eventId)?.bytes ?? 0)
    this.#jobs.set(job.eventId, { ...job, bytes })
    const ofRoom = this.#ofRoom.get(job.roomId) ?? new Set()
    this.#ofRoom.set(job.roomId, ofRoom.add(job.eventId))
  }

  #forget(eventId: EventId): void {
    const job = this.#jobs.get(eventId)
    if (job === undefined) return
    this.#bytes -= job.bytes
    this.#jobs.delete(eventId)
    this.#payloads.delete(eventId)
    const ofRoom = this.#ofRoom.get(job.roomId)
    ofRoom?.delete(eventId)
    if (ofRoom?.size === 0) this.#ofRoom.delete(job.roomId)
    this.#wantNothing(eventId)
  }

  #wantNothing(eventId: EventId): void {
    for (const id of this.#wants.get(eventId) ?? []) {
      const waiting = this.#wanted.get(id)
      waiting?.delete(eventId)
      if (waiting?.size === 0) this.#wanted.delete(id)
    }
    this.#wants.delete(eventId)
  }
}
