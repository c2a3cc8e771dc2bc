import { type Clock, isFailure, type Logger, type RoomId, RoomserverError } from '@roomserver/types'
import type { InputCounters } from './counters.ts'

/** How many faults in a row set a room aside; one where its found damaged data. */
const MAX_FAULTS = 3

interface Quarantined {
  readonly reason: string
  readonly until: number
}

/** Rooms that are set aside because of a fault in them, so that it does not spread. */
export class Quarantine {
  readonly #parts: { readonly clock: Clock; readonly log: Logger; readonly counters: InputCounters }
  readonly #durationMs: number
  readonly #faults = new Map<RoomId, number>()
  readonly #rooms = new Map<RoomId, Quarantined>()

  constructor(
    parts: { readonly clock: Clock; readonly log: Logger; readonly counters: InputCounters },
    durationMs: number,
  ) {
    this.#parts = parts
    this.#durationMs = durationMs
  }

  /** Rooms that are set aside at present. */
  get rooms(): ReadonlyMap<RoomId, { readonly reason: string; readonly until: number }> {
    return this.#rooms
  }

  /** @throws {RoomserverError} ROOM_QUARANTINED */
  check(roomId: RoomId): void {
    const room = this.#rooms.get(roomId)
    if (room === undefined) return
    if (room.until <= this.#parts.clock.now()) {
      this.release(roomId)
      return
    }
    const { reason } = room
    throw new RoomserverError(
      'ROOM_QUARANTINED',
      { roomId, reason },
      `room ${roomId} is quarantined after a fault: ${reason}`,
    )
  }

  /** Lets a room take part again. */
  release(roomId: RoomId): void {
    this.#rooms.delete(roomId)
    this.#faults.delete(roomId)
  }

  /** A task of the room went well. */
  forgive(roomId: RoomId): void {
    if (this.#faults.size > 0) this.#faults.delete(roomId)
  }

  /** A task of the room failed. Failures that come from outside the room (store, load) are not its fault. */
  note(roomId: RoomId, step: string, error: unknown): void {
    const { log, clock, counters } = this.#parts
    const isDamage = isFailure(error, 'STORE_DAMAGED')
    if (isFailure(error) && !isDamage) return
    const reason = error instanceof Error ? error.message : String(error)
    const faults = isDamage ? MAX_FAULTS : (this.#faults.get(roomId) ?? 0) + 1
    this.#faults.set(roomId, faults)
    log.error({ room_id: roomId, step, err: error, faults }, 'could not complete a task of a room')
    if (faults < MAX_FAULTS) return
    counters.quarantined++
    this.#rooms.set(roomId, { reason, until: clock.now() + this.#durationMs })
    log.error({ room_id: roomId, reason }, 'room quarantined')
  }
}
