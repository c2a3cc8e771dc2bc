import type { InputRoomEvent } from '@roomserver/api'
import { type EventId, type Logger, type RepairRecord, type RoomId, paged } from '@roomserver/types'
import type { Outcome } from '../decide/event-input.ts'
import type { RepairStore } from '../ports.ts'
import type { RepairJobs } from './repair-jobs.ts'

/** What trying repairs again works with. */
export interface RetryParts {
  readonly jobs: RepairJobs
  readonly store: RepairStore
  readonly log: Logger
  /** Takes an event in on the ordinary way, which fetches what it lacks. */
  readonly ingest: (input: InputRoomEvent) => Promise<Outcome>
}

/** What came of a repair that was tried again. */
export interface Retried {
  readonly eventId: EventId
  readonly outcome: Outcome | { readonly kind: 'failed'; readonly reason: string }
}

/** How many repairs are read at a time. */
const PAGE = 20
/** How many rooms are resumed at a time when a process starts. */
const ROOMS_AT_ONCE = 8

/** Takes repairs up again that did not succeed: with the next event of their room, at start, or when an operator says so. */
export class Retries {
  readonly #parts: RetryParts
  readonly #rooms = new Map<RoomId, Promise<unknown>>()
  /** Rooms in which an event came in while repairs were being tried. */
  readonly #moved = new Set<RoomId>()
  #isClosing = false

  constructor(parts: RetryParts) {
    this.#parts = parts
  }

  /** An event of the room came in: what may be tried again is, beside whatever else is done. */
  roomMoved(roomId: RoomId): void {
    if (this.#isClosing) return
    if (this.#rooms.has(roomId)) {
      this.#moved.add(roomId)
      return
    }
    const due = new Set(this.#parts.jobs.due(roomId))
    if (due.size === 0) return
    void this.#start(roomId, ({ eventId }) => due.has(eventId))
  }

  /** Tries all repairs of a room again, also those that were given up or rest. */
  retry(roomId: RoomId): Promise<readonly Retried[]> {
    return this.#start(roomId, () => true)
  }

  /** Resumes what an earlier process left, when it is time for it. */
  async resume(): Promise<void> {
    await this.#parts.jobs.load()
    const rooms = this.#parts.jobs.dueRooms
    for (let at = 0; at < rooms.length && !this.#isClosing; at += ROOMS_AT_ONCE) {
      for (const roomId of rooms.slice(at, at + ROOMS_AT_ONCE)) this.roomMoved(roomId)
      await this.settled()
    }
  }

  /** Waits until nothing is tried any more. */
  async settled(): Promise<void> {
    while (this.#rooms.size > 0) await Promise.all(this.#rooms.values())
  }

  /** Begins nothing new and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.settled()
  }

  #start(roomId: RoomId, isWanted: (record: RepairRecord) => boolean): Promise<readonly Retried[]> {
    const work = this.#tryAll(roomId, isWanted)
    const logged = work.catch((error: unknown) =>
      this.#parts.log.warn({ room_id: roomId, err: error }, 'could not resume repairs of a room; will retry'),
    )
    // An operator may retry a room while its own repairs are being retried: the call ends when both have.
    const done = Promise.all([this.#rooms.get(roomId), logged]).then(() => {
      if (this.#rooms.get(roomId) !== done) return
      this.#rooms.delete(roomId)
      if (this.#moved.delete(roomId)) this.roomMoved(roomId)
    })
    this.#rooms.set(roomId, done)
    return work
  }

  async #tryAll(roomId: RoomId, isWanted: (record: RepairRecord) => boolean): Promise<readonly Retried[]> {
    const retried: Retried[] = []
    const read = (after: EventId, limit: number) => this.#parts.store.repairsOfRoom(roomId, after, limit)
    const keyOf = ({ eventId }: RepairRecord) => eventId
    for await (const page of paged({ read, keyOf, first: '', limit: PAGE })) {
      for (const record of page) {
        if (this.#isClosing) return retried
        if (isWanted(record)) retried.push(await this.#tryOne(record))
      }
    }
    return retried
  }

  async #tryOne({ eventId, payload }: RepairRecord): Promise<Retried> {
    try {
      const outcome = await this.#parts.ingest(JSON.parse(payload) as InputRoomEvent)
      return { eventId, outcome }
    } catch (error) {
      return {
        eventId,
        outcome: { kind: 'failed', reason: error instanceof Error ? error.message : String(error) },
      }
    }
  }
}
