import { type Suspendable, drive, type Nids, type RoomRecord } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { DecideNeed } from '../decide/decide-need.ts'
import { Draft } from '../decide/draft.ts'
import { RoomReader, RoomReads } from '../decide/room-reads.ts'
import { loadFor } from '../input/load-needs.ts'
import { NidPool } from '../input/nid-pool.ts'
import type { Store } from '../ports.ts'
import { yieldToEventLoop } from '../view/run.ts'
import { RecordCache } from '../view/record-cache.ts'
import { View } from '../view/view.ts'

const CACHE_BYTES = 64 * 1024 * 1024
/** Beyond every NID that a store hands out: what is worked out here is thrown away. */
const SCRATCH_NIDS = 2 ** 52

/** Drafts of a room that are never committed. */
export class Scratch {
  readonly #room: RoomRecord
  readonly #cache: RecordCache
  readonly #reader: RoomReader
  readonly #nids: NidPool

  constructor(store: Store, room: RoomRecord) {
    this.#room = room
    this.#cache = new RecordCache(store, CACHE_BYTES)
    this.#reader = new RoomReader(store)
    let next = SCRATCH_NIDS
    this.#nids = new NidPool({
      allocate: async <K extends keyof Nids>(_kind: K, count: number) => (next += count) as Nids[K],
    })
  }

  run<Result>(compute: (draft: Draft) => Suspendable<DecideNeed, Result>): Promise<Result> {
    const rules = roomVersion(this.#room.version)
    if (rules === undefined) throw new TypeError(`no room version ${this.#room.version}`)
    const { nid } = this.#room
    const draft = new Draft(
      {
        serverName: '',
        acceptsEventsForDepartedRooms: true,
        maxExtremities: Number.POSITIVE_INFINITY,
        nids: this.#nids,
      },
      new View(this.#cache, nid),
      new RoomReads(this.#reader, nid),
      rules,
      this.#room,
    )
    return drive(compute(draft), loadFor(draft, this.#nids), yieldToEventLoop)
  }
}
