import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import type { EventReferences } from '../evaluate/event-references.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'
import { successorsOf } from './extremities.ts'
import { remoteStatesOf } from './remote-state.ts'

/**
 * Records that an event entered the graph with a remote state before it, and what it lacks; and that those which
 * lacked this one are to be looked at.
 */
export function* noteRemoteStates(
  draft: Draft,
  { stateBefore }: EventInput,
  record: EventRecord,
  { missingPrev }: EventReferences,
): Suspendable<DecideNeed, void> {
  for (const id of missingPrev) draft.addMissingPrevEvent(id, record.nid)
  if (stateBefore !== undefined)
    draft.setRemoteState(record.nid, missingPrev.length > 0 ? record.nid : NO_NID)
  const successors = yield* successorsOf(draft, record)
  if (successors.length === 0) return
  const known = yield* remoteStatesOf(draft)
  // The state before a verified one follows from more than this event; what that was may have been purged.
  for (const { nid } of successors) if (known.get(nid)?.isVerified !== true) draft.setRemoteState(nid, NO_NID)
}
