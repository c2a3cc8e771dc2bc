import { type Logger, type RoomId, type RoomRecord, RoomserverError } from '@roomserver/types'
import type { LeaseStore, RoomStore } from '../ports.ts'
import { pause } from './pause.ts'

/** What leases are taken with. */
export interface RoomLeaseParts {
  readonly store: LeaseStore & Pick<RoomStore, 'moveRoom' | 'room'>
  /** Name of this process among those on the database. */
  readonly holder: string
  readonly log: Logger
}

/** For how long leases are taken after the latest sign of another process. */
const CONTENDED_MS = 1_000
/** How long a lease lasts at the most, twice as long after each commit that was lost all the same. */
const LEASE_MS = 2_000
const LONGEST_LEASE_MS = 60_000
/** How long a process whose lease is over lets others go first. */
const REST_MS = 12
/** How long to wait for a lease, and how long between two looks. */
const PATIENCE_MS = 30_000
const LONGEST_PAUSE_MS = 8

/**
 * The leases of processes that change one room at the same moment. As long as nobody loses a commit to another process
 * there are none; then each takes a lease before it decides. The one that lost moves the revision on, so that others lose
 * theirs and know. RoomMutex keep a process from losing again and again; that nothing is decided on an old state is the
 * revision's business.
 */
export class RoomLease {
  readonly #parts: RoomLeaseParts
  readonly #roomId: RoomId
  #contendedUntil = 0
  #restUntil = 0
  #losses = 0
  /** The revision that we left the room at. */
  #revision = 0
  #isTaken = false

  constructor(parts: RoomLeaseParts, roomId: RoomId) {
    this.#parts = parts
    this.#roomId = roomId
  }

  /** Whether another process was in the way lately. */
  get isNeeded(): boolean {
    return performance.now() < this.#contendedUntil
  }

  /** A commit was lost to another process. */
  onConflict(): void {
    this.#contendedUntil = performance.now() + CONTENDED_MS
    this.#losses++
  }

  /**
   * Waits for the lease and reads the room.
   *
   * @throws {RoomserverError} OVERLOADED when it does not come
   */
  async take(): Promise<RoomRecord> {
    const { store, holder } = this.#parts
    const ttlMs = Math.min(LONGEST_LEASE_MS, LEASE_MS * 2 ** Math.max(0, this.#losses - 1))
    const until = performance.now() + PATIENCE_MS
    if (!this.#isTaken) await pause(Math.max(0, this.#restUntil - performance.now()))
    for (let pauseMs = 2; performance.now() < until; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      this.#isTaken = await store.takeLease(this.#name, holder, ttlMs)
      const room = this.#isTaken ? await this.#read() : undefined
      if (room?.revision !== this.#revision) this.#contendedUntil = performance.now() + CONTENDED_MS
      if (room !== undefined) return room
      await pause(pauseMs * (0.5 + Math.random()))
    }
    throw overtaken(this.#roomId)
  }

  #read(): Promise<RoomRecord | undefined> {
    const { store } = this.#parts
    return this.#losses > 0 ? store.moveRoom(this.#roomId) : store.room(this.#roomId)
  }

  /**
   * What was decided in the lease is committed. Whoever waits goes next.
   *
   * @param revision - of the room as it is then
   */
  async end(revision: number): Promise<void> {
    this.#revision = revision
    if (!this.#isTaken) return
    this.#isTaken = false
    this.#losses = 0
    const { store, holder, log } = this.#parts
    try {
      await store.releaseLease(this.#name, holder)
    } catch (error) {
      log.debug(
        { room_id: this.#roomId, error: String(error) },
        'failed to release room lease; it will expire',
      )
    }
    this.#restUntil = performance.now() + REST_MS
  }

  get #name(): string {
    return `room ${this.#roomId}`
  }
}

/** Waits some milliseconds, so that processes which get in each other's way over more than a room do not stay in step. */
export async function stepAside(conflicts: number): Promise<void> {
  await pause(Math.random() * Math.min(100, 2 ** conflicts))
}

/** The error for a caller whose event loses every commit against other processes. */
export function overtaken(roomId: RoomId): RoomserverError {
  const what = `room ${roomId}: is contended: other processes keep committing first`
  return new RoomserverError('OVERLOADED', { what, retryAfterMs: 1000 }, what)
}
