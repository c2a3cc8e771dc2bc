import { type Asking, type EventNid, type EventRecord, NO_NID, type RoomRecord } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import { changesBetween } from '../decide/current-state.ts'
import type { Draft } from '../decide/draft.ts'
import { afterExtremities, resolveAfter } from '../decide/resolve.ts'
import type { Store } from '../ports.ts'
import { recheckEvent } from './recheck-event.ts'
import { Scratch } from './scratch.ts'

/** What deciding anew reads. */
export interface RecheckSource {
  readonly store: Store
  /** A room's events in the order of their NIDs, page by page. */
  eventsOfRoom(roomNid: RoomRecord['nid'], after: EventNid, limit: number): Promise<readonly EventRecord[]>
}

const PAGE = 200

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
export async function givenStates(store: Store, room: RoomRecord): Promise<ReadonlySet<EventNid>> {
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
