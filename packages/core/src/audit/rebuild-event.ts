import { type Suspendable, type EventNid, type EventRecord, isRejected, NO_NID } from '@roomserver/types'
import { eventReferencesOf } from '../decide/event-references.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { applyRedactions } from '../decide/redactions.ts'
import { isUnevaluated } from '../decide/store-unevaluated.ts'
import { type Reevaluated, reevaluateEvent } from '../reevaluate/reevaluate-event.ts'
import { reevaluateDependents } from '../reevaluate/reevaluate-dependents.ts'
import { applyReevaluation } from '../reevaluate/apply-reevaluation.ts'
import { damaged } from '../view/damaged.ts'
import { eventsOf } from '../view/reads.ts'

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
  const [stored] = yield* eventsOf(draft.view, [nid])
  if (stored === undefined || stored.before === NO_NID) return []
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
  const [record = stored] = yield* eventsOf(draft.view, [nid])
  const redacted = yield* applyRedactions(draft, record)
  return [
    ...rebuilt,
    ...redacted.map(
      ({ event, because }) => `event ${event.eventId} should have been redacted by ${because.eventId}`,
    ),
  ]
}

function differences(stored: EventRecord, { record, ...wrong }: Reevaluated): readonly string[] {
  const { eventId, verdict } = stored
  return [
    wrong.isBeforeWrong ? [`event ${eventId} had a wrong state before it`] : [],
    wrong.isVerdictWrong
      ? [
          `event ${eventId} was ${verdict}, but the rules ${record.reason === undefined ? 'allow it' : `do not allow it: ${record.reason}`}`,
        ]
      : [],
    wrong.isReasonWrong ? [`event ${eventId} was ${verdict} for another reason: ${record.reason}`] : [],
    wrong.isAfterWrong ? [`event ${eventId} had a wrong state after it`] : [],
  ].flat()
}

/**
 * An accepted event had its auth events. If one of them has been lost since, the event cannot be evaluated.
 *
 * @throws {RoomserverError} STORE_DAMAGED
 */
function* needAuthEvents(draft: Draft, stored: EventRecord): Suspendable<DecideNeed, void> {
  if (isRejected(stored.verdict)) return
  const pdu = draft.view.authPduOf(stored, draft.rules)
  const { missing } = yield* eventReferencesOf(draft, { kind: 'old', pdu, sendAsServer: '' })
  const [lost] = missing.auth
  if (lost !== undefined) damaged(`its auth event ${lost} is not stored`)
}

/** What an event refers to follows from its text, and never leads into another room. */
function* linkAnew(draft: Draft, stored: EventRecord): Suspendable<DecideNeed, EventRecord> {
  const pdu = draft.view.authPduOf(stored, draft.rules)
  if (isUnevaluated(stored, pdu)) return stored
  const { links } = yield* eventReferencesOf(draft, { kind: 'old', pdu, sendAsServer: '' })
  const authNids = links.map(({ nid }) => nid)
  const isSame =
    authNids.length === stored.authNids.length && authNids.every((nid, at) => nid === stored.authNids[at])
  if (isSame && links.every(({ authLevel }) => authLevel < stored.authLevel)) return stored
  const authLevel = Math.max(-1, ...links.map((event) => event.authLevel)) + 1
  return draft.updateEvent(stored, { authNids, authLevel })
}
