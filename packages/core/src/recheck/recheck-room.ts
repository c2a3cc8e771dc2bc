import {
  type Asking,
  drive,
  type EventNid,
  type EventRecord,
  type Nids,
  NO_NID,
  type RoomRecord,
} from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { DecideNeed } from '../decide/decide-need.ts'
import { changesBetween } from '../decide/current-state.ts'
import { Draft } from '../decide/draft.ts'
import { afterExtremities, resolveAfter } from '../decide/resolve.ts'
import { RoomReader, RoomReads } from '../decide/room-reads.ts'
import { loadFor } from '../input/load-needs.ts'
import { NidPool } from '../input/nid-pool.ts'
import type { Store } from '../ports.ts'
import { giveWay } from '../view/ask.ts'
import { Pieces } from '../view/pieces.ts'
import { View } from '../view/view.ts'
import { recheckEvent } from './recheck-event.ts'

/** What deciding anew reads. */
export interface RecheckSource {
  readonly store: Store
  /** A room's events in the order of their NIDs, page by page. */
  eventsOfRoom(roomNid: RoomRecord['nid'], after: EventNid, limit: number): Promise<readonly EventRecord[]>
}

const PAGE = 200
const CACHE_BYTES = 64 * 1024 * 1024
/** Beyond every NID that a store hands out: what is worked out here is thrown away. */
const SCRATCH_NIDS = 2 ** 52

/** Decides every event of a room anew and compares with what is stored; gives what differs, in sentences. Writes nothing. */
export async function* recheckRoom(
  source: RecheckSource,
  room: RoomRecord,
): AsyncGenerator<string, void, void> {
  const scratch = new Scratch(source.store, room)
  const given = await givenStates(source.store, room)
  let after = NO_NID as EventNid
  for (;;) {
    const page = await source.eventsOfRoom(room.nid, after, PAGE)
    for (const record of page) {
      yield* await scratch.run((draft) => recheckEvent(draft, record, given.has(record.nid)))
    }
    const last = page.at(-1)
    if (last === undefined) break
    after = last.nid
  }
  yield* await scratch.run(recheckCurrent)
}

/** The current state follows from the states after the forward extremities. */
function* recheckCurrent(draft: Draft): Asking<DecideNeed, readonly string[]> {
  const { snapshot } = yield* resolveAfter(draft, yield* afterExtremities(draft))
  const changes = yield* changesBetween(draft, draft.room.current, snapshot)
  return changes.length === 0
    ? []
    : [`${changes.length} entries of the current state do not follow from its forward extremities`]
}

/** Events whose state was given from outside, from the journal. */
async function givenStates(store: Store, room: RoomRecord): Promise<ReadonlySet<EventNid>> {
  const given = new Set<EventNid>()
  let afterRevision = 0
  for (;;) {
    const page = await store.journal(room.nid, { limit: 1_000, afterRevision })
    for (const { cause } of page) if (cause.kind === 'rewrite') given.add(cause.event)
    const last = page.at(-1)
    if (last === undefined || last.revision === afterRevision) return given
    afterRevision = last.revision
  }
}

/** Drafts of a room that are never committed. */
class Scratch {
  readonly #room: RoomRecord
  readonly #pieces: Pieces
  readonly #reader: RoomReader
  readonly #nids: NidPool

  constructor(store: Store, room: RoomRecord) {
    this.#room = room
    this.#pieces = new Pieces(store, CACHE_BYTES)
    this.#reader = new RoomReader(store)
    let next = SCRATCH_NIDS
    this.#nids = new NidPool({
      allocate: async <K extends keyof Nids>(_kind: K, count: number) => (next += count) as Nids[K],
    })
  }

  run<Result>(compute: (draft: Draft) => Asking<DecideNeed, Result>): Promise<Result> {
    const rules = roomVersion(this.#room.version)
    if (rules === undefined) throw new TypeError(`no room version ${this.#room.version}`)
    const { nid } = this.#room
    const draft = new Draft(
      { serverName: '', takesLeftRooms: true, nids: this.#nids },
      new View(this.#pieces, nid),
      new RoomReads(this.#reader, nid),
      rules,
      this.#room,
    )
    return drive(compute(draft), loadFor(draft, this.#nids), giveWay)
  }
}
