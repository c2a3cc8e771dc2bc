import type { Nids, RoomNid } from '@roomserver/types'
import type { RoomStore } from '../ports.ts'

/** How many NIDs are fetched at a time. */
const RANGE = 1000

/** NIDs in stock: ranges that this process got from the store and nobody else gets. What is not used is lost. */
export class NidPool {
  readonly #store: Pick<RoomStore, 'allocate'>
  readonly #ranges = new Map<keyof Nids, { next: number; readonly end: number }>()
  readonly #returnedRooms: RoomNid[] = []
  readonly #fetching = new Map<keyof Nids, Promise<void>>()

  constructor(store: Pick<RoomStore, 'allocate'>) {
    this.#store = store
  }

  /** The next NID; `undefined`: {@link NidPool.fetch} more first. */
  take<K extends keyof Nids>(kind: K): Nids[K] | undefined {
    const returned = kind === 'room' ? this.#returnedRooms.pop() : undefined
    if (returned !== undefined) return returned as Nids[K]
    const range = this.#ranges.get(kind)
    if (range === undefined || range.next >= range.end) return undefined
    return range.next++ as Nids[K]
  }

  /** Gives a room's NID back that was not used after all. */
  giveBack(nid: RoomNid): void {
    this.#returnedRooms.push(nid)
  }

  /** Fetches another range where none is left, once for all who wait for it. */
  async fetch(kind: keyof Nids): Promise<void> {
    const range = this.#ranges.get(kind)
    if (range !== undefined && range.next < range.end) return
    const fetching = this.#fetching.get(kind) ?? this.#fetch(kind)
    this.#fetching.set(kind, fetching)
    try {
      await fetching
    } finally {
      this.#fetching.delete(kind)
    }
  }

  async #fetch(kind: keyof Nids): Promise<void> {
    const first = await this.#store.allocate(kind, RANGE)
    this.#ranges.set(kind, { next: first, end: first + RANGE })
  }
}
