import type { RoomId, RoomRecord } from '@roomserver/types'

/** How many rooms are remembered; others are with their next event. */
const MAX_ROOMS = 10_000
/** With so many times as many extremities as it may have, a room is urgent. */
const URGENT = 5

/** Rooms whose graph had more than so many extremities after their latest commit by this process. */
export class RoomsOverExtremityLimit {
  readonly #rooms = new Set<RoomId>()
  readonly #maxExtremities: number
  #onUrgent: () => void = () => undefined

  constructor(maxExtremities: number) {
    this.#maxExtremities = maxExtremities
  }

  get ids(): readonly RoomId[] {
    return [...this.#rooms]
  }

  /** Has this called after each commit that leaves a room with far too many extremities, each of which costs every later event. */
  onUrgent(call: () => void): void {
    this.#onUrgent = call
  }

  /** A room is as it was just committed. */
  update({ roomId, extremities }: RoomRecord): void {
    if (extremities.length <= this.#maxExtremities) this.#rooms.delete(roomId)
    else if (this.#rooms.size < MAX_ROOMS) this.#rooms.add(roomId)
    if (extremities.length > URGENT * this.#maxExtremities) this.#onUrgent()
  }

  /** Nothing is to be done about a room until its next event. */
  forget(roomId: RoomId): void {
    this.#rooms.delete(roomId)
  }
}
