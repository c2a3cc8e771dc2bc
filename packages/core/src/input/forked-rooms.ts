import type { RoomId, RoomRecord } from '@roomserver/types'

/** How many rooms are remembered; others are with their next event. */
const MAX_ROOMS = 10_000

/** Rooms whose graph had more than so many ends after their latest commit by this process. */
export class ForkedRooms {
  readonly #rooms = new Set<RoomId>()
  readonly #maxEnds: number

  constructor(maxEnds: number) {
    this.#maxEnds = maxEnds
  }

  get ids(): readonly RoomId[] {
    return [...this.#rooms]
  }

  /** A room is as it was just committed. */
  saw({ roomId, extremities }: RoomRecord): void {
    if (extremities.length <= this.#maxEnds) this.#rooms.delete(roomId)
    else if (this.#rooms.size < MAX_ROOMS) this.#rooms.add(roomId)
  }

  /** Nothing is to be done about a room until its next event. */
  forget(roomId: RoomId): void {
    this.#rooms.delete(roomId)
  }
}
