import type { RoomNid } from '@roomserver/types'
import { ByteCache } from './byte-cache.ts'
import type { RoomEpochs } from './room-epochs.ts'

interface Kept {
  readonly page: unknown
  readonly bytes: number
  readonly rewritten: number
}

/**
 * What long answers were put together from, bounded by bytes. A piece is made of events that stand together in
 * something immutable, a block of state for one, and serves every answer in which they do, for as long as no event of
 * its room is rewritten.
 */
export class AnswerPages {
  readonly #rooms: Pick<RoomEpochs, 'rewrittenOf'>
  readonly #kept: ByteCache<string, Kept>
  /** How much of one answer is kept, in bytes: not so much that it would drive out everything else, or itself. */
  readonly maxAnswerBytes: number
  #names = 0

  constructor(rooms: Pick<RoomEpochs, 'rewrittenOf'>, maxBytes: number) {
    this.#rooms = rooms
    this.maxAnswerBytes = maxBytes / 3
    this.#kept = new ByteCache(maxBytes, ({ bytes }) => 300 + bytes)
  }

  get bytes(): number {
    return this.#kept.bytes
  }

  /** The room's events as they are now; what is made of them later is worth nothing if this has changed meanwhile. */
  rewrittenOf(room: RoomNid): number {
    return this.#rooms.rewrittenOf(room)
  }

  /** A name for something that has none, which nothing else gets. */
  newName(): string {
    return `piece ${++this.#names}`
  }

  /** A page in the cache. The room has just been read. */
  get<Page>(room: RoomNid, name: string): Page | undefined {
    const kept = this.#kept.get(name)
    return kept?.rewritten === this.rewrittenOf(room) ? (kept.page as Page) : undefined
  }

  /** Keeps a page made of events as they were at `rewritten`. */
  put(name: string, page: unknown, bytes: number, rewritten: number): void {
    this.#kept.set(name, { page, bytes, rewritten })
  }
}
