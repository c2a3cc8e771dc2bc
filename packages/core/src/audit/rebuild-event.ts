import { type Suspendable, type EventNid, type EventRecord, isRejected } from '@roomserver/types'
import {
  authLevelOver,
  eventReferencesOf,
  isLevelAbove,
  isLinkedTo,
  isUnevaluated,
} from '../evaluate/event-references.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { applyRedactions } from '../decide/redactions.ts'
import { type Reevaluated, reevaluateEvent } from '../reevaluate/reevaluate-event.ts'
import { reevaluateDependents } from '../reevaluate/reevaluate-dependents.ts'
import { applyReevaluation } from '../reevaluate/apply-reevaluation.ts'
import { damaged } from '../view/damaged.ts'
import { eventOf } from '../view/reads.ts'

/**
 * Makes what is derived from a stored event follow from what is stored of the events before it: the states before and
 * after it, its verdict, and what it redacts. Of a verdict that changes the room takes the consequences.
 *
 * @param isAtRemoteState - whether the state before the event is remote state, which does not follow from the events before it
 * @param repairedBy - for the journal
 * @returns what was not as it should be, in sentences
 */
export function* rebuildEvent(
  draft: Draft,
  nid: EventNid,
  isAtRemoteState: boolean,
  repairedBy: string,
): Suspendable<DecideNeed, readonly string[]> {
  const stored = yield* eventOf(draft.view, nid)
  if (isUnevaluated(stored, draft.view.pduOf(stored, draft.rules))) return []
  yield* needAuthEvents(draft, stored)
  const linked = yield* linkAnew(draft, stored)
  const reevaluated = yield* reevaluateEvent(draft, linked, isAtRemoteState)
  const links =
    linked === stored ? [] : [`event ${stored.eventId} had references to other events than its auth events`]
  const rebuilt = [...links, ...differences(stored, reevaluated)]
  if (reevaluated.isVerdictWrong) {
    yield* applyReevaluation(
      draft,
      reevaluated.record,
      yield* reevaluateDependents(draft, reevaluated),
      repairedBy,
    )
  }
  const redacted = yield* applyRedactions(draft, yield* eventOf(draft.view, nid))
  return [
    ...rebuilt,
    ...redacted.map(
      ({ event, because }) => `event ${event.eventId} should have been redacted by ${because.eventId}`,
    ),
  ]
}

function differences({ eventId, verdict }: EventRecord, wrong: Reevaluated): readonly string[] {
  const { judgement } = wrong
  const rules = judgement?.reason === undefined ? 'allow it' : `do not allow it: ${judgement.reason}`
  const found: string[] = []
  if (wrong.isBeforeWrong) found.push('had a wrong state before it')
  if (wrong.isVerdictWrong) found.push(`was ${verdict}, but the rules ${rules}`)
  if (wrong.isRuleWrong) found.push(`was ${verdict} for another reason: ${judgement?.reason}`)
  if (wrong.isAfterWrong) found.push('had a wrong state after it')
  return found.map((what) => `event ${eventId} ${what}`)
}

/**
 * An accepted event had its auth events. If one of them has been lost since, the event cannot be evaluated.
 *
 * @throws {RoomserverError} STORE_DAMAGED
 */
function* needAuthEvents(draft: Draft, stored: EventRecord): Suspendable<DecideNeed, void> {
  if (isRejected(stored.verdict)) return
  const pdu = draft.view.authPduOf(stored, draft.rules)
  const { missingAuth } = yield* eventReferencesOf(draft, pdu)
  const [lost] = missingAuth
  if (lost !== undefined) damaged(`its auth event ${lost} is not stored`)
}

/** What an event refers to follows from its text, and never leads into another room. */
function* linkAnew(draft: Draft, stored: EventRecord): Suspendable<DecideNeed, EventRecord> {
  const pdu = draft.view.authPduOf(stored, draft.rules)
  const { links } = yield* eventReferencesOf(draft, pdu)
  if (isLinkedTo(stored, links) && isLevelAbove(stored, links)) return stored
  return draft.updateEvent(stored, {
    authNids: links.map(({ nid }) => nid),
    authLevel: authLevelOver(links),
  })
}
