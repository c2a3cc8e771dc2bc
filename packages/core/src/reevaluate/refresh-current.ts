import type { Suspendable, EventRecord } from '@roomserver/types'
import { changesBetween } from '../view/state-at.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { afterExtremities } from '../decide/extremities.ts'
import { keepJournal } from '../decide/journal.ts'
import { updateMemberships } from '../decide/memberships.ts'
import { notePolicyChange } from '../decide/policy-server.ts'
import { resolveAfter } from '../evaluate/resolve.ts'

/**
 * Recomputes the current state from the states after the forward extremities.
 *
 * @param because - an event that it follows from
 * @param repairedBy - what the journal says of changes that no event brings
 */
export function* refreshCurrent(
  draft: Draft,
  because: EventRecord,
  repairedBy: string,
): Suspendable<DecideNeed, void> {
  const { snapshot: current } = yield* resolveAfter(draft, yield* afterExtremities(draft))
  const changes = yield* changesBetween(draft.view, draft.room.current, current)
  if (changes.length === 0) return
  const { current: before } = draft.room
  draft.room = { ...draft.room, current }
  yield* updateMemberships(draft, because, changes)
  yield* keepJournal(draft, because, changes, { repairedBy })
  yield* notePolicyChange(draft, before, current)
}
