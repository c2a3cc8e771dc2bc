import { type Suspendable, type EventNid, NO_NID, type RemoteStateRecord } from '@roomserver/types'
import type { EventReferences } from '../evaluate/event-references.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'

/**
 * An event with as much of the remote state that came with it as counts. Remote state stands in for missing prev events: an
 * event that lacks none takes nothing of it. Only where no user of ours is in the room does it replace what is known of the
 * room, since there is nobody who would have kept up with it.
 */
export function* withRemoteState(
  draft: Draft,
  input: EventInput,
  { missingPrev }: EventReferences,
): Suspendable<DecideNeed, EventInput> {
  const { stateBefore: given } = input
  if (given === undefined) return input
  if (given.by === 'rewrite' && !(yield* isResident(draft))) return input
  return { ...input, stateBefore: missingPrev.length > 0 ? { ...given, by: 'repair' } : undefined }
}

/** Whether a user of ours is in the room. */
function* isResident(draft: Draft): Suspendable<DecideNeed, boolean> {
  if (draft.room.current === NO_NID) return false
  if (draft.reads.isResident === undefined) yield { kind: 'resident' }
  return draft.reads.isResident === true
}

/** Events of the room that came with remote state. */
export function* remoteStatesOf(
  draft: Draft,
): Suspendable<DecideNeed, ReadonlyMap<EventNid, RemoteStateRecord>> {
  if (draft.reads.remoteStates === undefined) yield { kind: 'remote-states' }
  return draft.reads.remoteStates ?? new Map()
}

/** Those of them for which no history has come that tells whether it was right. */
export function* atRemoteState(draft: Draft): Suspendable<DecideNeed, ReadonlySet<EventNid>> {
  const records = [...(yield* remoteStatesOf(draft)).values()].filter(({ isVerified }) => !isVerified)
  return new Set(records.map(({ event }) => event))
}
