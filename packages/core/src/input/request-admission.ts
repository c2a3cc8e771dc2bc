import type { RoomId } from '@roomserver/types'
import type { Rooms } from './rooms.ts'

/**
 * Admits the events of one request by room: a room takes all of them or none, as it was when the first came. Otherwise those in
 * the middle could be turned away, and later ones taken that build on them.
 */
export class RequestAdmission {
  readonly #rooms: Pick<Rooms, 'admit'>
  readonly #admitted = new Set<RoomId>()
  readonly #refused = new Map<RoomId, unknown>()

  constructor(rooms: Pick<Rooms, 'admit'>) {
    this.#rooms = rooms
  }

  /**
   * Makes sure that a room takes the events of this request.
   *
   * @throws {RoomserverError} OVERLOADED, ROOM_QUARANTINED or SHUTTING_DOWN
   */
  admit(roomId: RoomId): void {
    if (this.#admitted.has(roomId)) return
    if (this.#refused.has(roomId)) throw this.#refused.get(roomId)
    try {
      this.#rooms.admit(roomId)
      this.#admitted.add(roomId)
    } catch (error) {
      this.#refused.set(roomId, error)
      throw error
    }
  }
}
