import type { RoomId } from '@roomserver/types'

/**
 * Lets those who build events on top of a room go one after the other, so that events made here at the same moment
 * follow each other instead of forking the room.
 */
export class RoomMutex {
  readonly #last = new Map<RoomId, Promise<unknown>>()

  /** Does some work when all work for the room that was begun earlier is done, well or badly. */
  async take<Result>(roomId: RoomId, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(roomId) ?? Promise.resolve()
    const done = before.then(work, work)
    this.#last.set(roomId, done)
    try {
      return await done
    } finally {
      if (this.#last.get(roomId) === done) this.#last.delete(roomId)
    }
  }
}
