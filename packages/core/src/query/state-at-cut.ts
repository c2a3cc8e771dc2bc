import { MAX_PREV_EVENTS } from '@roomserver/events'
import { type EventId, type EventNid, NO_NID, type RoomRecord, type SnapshotNid } from '@roomserver/types'
import { rulesOf } from '../output/headered.ts'
import { eventsOf } from '../view/reads.ts'
import { type QueryContext, readRoom } from './context.ts'

/** Any server may send any number of events that build on one that was purged. */
const MAX_SUCCESSORS = 100

/**
 * The state after events of which some were purged with the history of the room. It is known where an event builds on just
 * these: so other servers get the state before the first events that are left, and can verify what comes after.
 */
export async function stateAtCut(
  context: QueryContext,
  room: RoomRecord,
  ids: readonly EventId[],
): Promise<SnapshotNid | undefined> {
  const { store } = context
  const prev = new Set(ids)
  if (room.purgedDepth === 0 || prev.size === 0 || prev.size > MAX_PREV_EVENTS) return undefined
  const purged = await store.purgedEvents(room.nid, [...prev])
  if (purged.length === 0) return undefined
  const links = await store.missingPrevEvents(purged)
  const uncertain = await unverified(context, room)
  const successors = [...new Set(links.map(({ by }) => by))].filter((nid) => !uncertain.has(nid))
  return await readRoom(context, function* (view) {
    for (const record of yield* eventsOf(view, successors.slice(0, MAX_SUCCESSORS))) {
      if (record.roomNid !== room.nid || record.before === NO_NID) continue
      const named = new Set(view.pduOf(record, rulesOf(room)).prevEvents)
      if (named.size === prev.size && [...named].every((id) => prev.has(id))) return record.before
    }
    return undefined
  })
}

/** Events at a state that another server supplied and nobody has verified. */
async function unverified({ store }: QueryContext, { nid }: RoomRecord): Promise<ReadonlySet<EventNid>> {
  const states = await store.remoteStates(nid)
  return new Set(states.filter(({ isVerified }) => !isVerified).map(({ event }) => event))
}
