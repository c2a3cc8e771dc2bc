import { lasting } from '@roomserver/api'
import type { RoomNid, SnapshotNid } from '@roomserver/types'
import { ByteCache } from './byte-cache.ts'
import type { RoomEpochs } from './room-epochs.ts'

/** A long list that follows from a state alone: all its events, their auth chain, the members who are joined. */
export interface ListName {
  readonly kind: 'state' | 'auth-chain' | 'joined'
  readonly room: RoomNid
  readonly snapshot: SnapshotNid
}

/** A list and what it takes, in bytes, together with how it is written. */
export interface Weighed<T> {
  readonly list: readonly T[]
  readonly bytes: number
}

interface Kept extends Weighed<unknown> {
  readonly rewritten: number
}

/**
 * The lists that answers about whole states consist of, bounded by bytes: made once, and written once, for as long as
 * the state is asked for and nothing in it is redacted.
 */
export class AnswerLists {
  readonly #rooms: Pick<RoomEpochs, 'rewrittenOf'>
  readonly #maxListBytes: number
  readonly #lists: ByteCache<string, Kept>

  constructor(rooms: Pick<RoomEpochs, 'rewrittenOf'>, maxBytes: number) {
    this.#rooms = rooms
    this.#maxListBytes = maxBytes / 2
    this.#lists = new ByteCache(maxBytes, ({ bytes }) => 300 + bytes)
  }

  get bytes(): number {
    return this.#lists.bytes
  }

  /** A list that was kept, or that `make` makes, which is kept unless it is too long. The room has just been read. */
  async of<T>(name: ListName, make: () => Promise<Weighed<T>>): Promise<readonly T[]> {
    const key = `${name.kind} ${name.snapshot}`
    const rewritten = this.#rooms.rewrittenOf(name.room)
    const kept = this.#lists.get(key)
    if (kept?.rewritten === rewritten) return kept.list as readonly T[]
    const made = await make()
    if (made.bytes > this.#maxListBytes) return made.list
    this.#lists.set(key, { list: lasting(made.list), bytes: made.bytes, rewritten })
    return made.list
  }
}
