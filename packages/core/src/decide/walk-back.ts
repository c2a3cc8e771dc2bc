import { type Suspendable, type EventNid, type EventRecord, NO_NID } from '@roomserver/types'
import { eventsInGraph } from '../view/reads.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { remoteStatesOf } from './remote-state.ts'

/** How many events are walked back through before the whole graph is read instead. */
const MAX_WALK = 2_000

/**
 * Walks back from an event to the create event, or to the first event whose state is not verified.
 *
 * @returns 0: every event before it is there, and none at remote state; else the event that has to be verified first,
 * itself where something before it is missing; `undefined` where the walk is too long to tell
 */
export function* walkBack(draft: Draft, event: EventRecord): Suspendable<DecideNeed, EventNid | undefined> {
  const remoteStates = yield* remoteStatesOf(draft)
  const isAlone = [...remoteStates.values()].every((one) => one.isVerified || one.event === event.nid)
  const walked = new Set([event.nid])
  let layer: readonly EventRecord[] = [event]
  while (layer.length > 0) {
    const ids = new Set(layer.flatMap((one) => draft.view.pduOf(one, draft.rules).prevEvents))
    const past = yield* eventsInGraph(draft.view, [...ids])
    if (past.length < ids.size) return event.nid
    if (isAlone) return NO_NID
    const unsettled = past.find(({ nid }) => remoteStates.get(nid)?.isVerified === false)
    if (unsettled !== undefined) return unsettled.nid
    layer = past.filter(({ nid }) => !walked.has(nid) && !remoteStates.has(nid))
    for (const { nid } of layer) walked.add(nid)
    if (walked.size > MAX_WALK) return undefined
  }
  return NO_NID
}
