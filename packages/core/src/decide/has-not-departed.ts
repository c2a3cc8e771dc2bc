import type { Suspendable } from '@roomserver/types'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'

/** Whether a user of ours is in the room, or none ever was: a room that somebody peeks into, or that is only stored. */
export function* hasNotDeparted(draft: Draft): Suspendable<DecideNeed, boolean> {
  if (draft.reads.hasNotDeparted === undefined) yield { kind: 'not-departed' }
  return draft.reads.hasNotDeparted === true
}
