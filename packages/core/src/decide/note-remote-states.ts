import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import type { EventReferences } from '../evaluate/event-references.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'
import { successorsOf } from './extremities.ts'

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
  for (const { nid } of yield* successorsOf(draft, record)) draft.setRemoteState(nid, NO_NID)
}
