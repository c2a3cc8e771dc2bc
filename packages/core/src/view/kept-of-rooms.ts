import type { RoomNid } from '@roomserver/types'
import { ByteCache } from './byte-cache.ts'
import type { RoomEpochs } from './room-epochs.ts'

interface Kept<Value> {
  readonly value: Value
  readonly epoch: number
  /** What it took when it was put here. */
  readonly bytes: number
}

/**
 * Something of each room that goes from one commit to the next, bounded by bytes. Where another process has moved a room on,
 * what was kept of it does not count any more.
 */
export class KeptOfRooms<Value extends { readonly bytes: number }> {
  readonly #rooms: RoomEpochs
  readonly #kept: ByteCache<RoomNid, Kept<Value>>

  constructor(rooms: RoomEpochs, maxBytes: number) {
    this.#rooms = rooms
    this.#kept = new ByteCache(maxBytes, ({ bytes }) => bytes)
  }

  get bytes(): number {
    return this.#kept.bytes
  }

  of(room: RoomNid): Value | undefined {
    const kept = this.#kept.get(room)
    return kept?.epoch === this.#rooms.of(room) ? kept.value : undefined
  }

  /** Hands out what is kept of a room to somebody who changes it; it is not here any more then. */
  take(room: RoomNid): Value | undefined {
    const value = this.of(room)
    this.drop(room)
    return value
  }

  put(room: RoomNid, value: Value): void {
    this.#kept.set(room, { value, epoch: this.#rooms.of(room), bytes: value.bytes })
  }

  drop(room: RoomNid): void {
    this.#kept.delete(room)
  }
}
