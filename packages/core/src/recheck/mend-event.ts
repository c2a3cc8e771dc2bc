import { type Asking, type EventNid, type EventRecord, NO_NID } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { applyRedactions } from '../decide/redactions.ts'
import { type Rejudged, rejudgeEvent } from '../rejudge/rejudge-event.ts'
import { rejudgeDependents } from '../rejudge/rejudge-dependents.ts'
import { takeConsequences } from '../rejudge/take-consequences.ts'
import { eventsOf } from '../view/asking.ts'

/**
 * Makes what is derived from a stored event follow from what is stored of the events before it: the states before and
 * after it, its verdict, and what it redacts. Of a verdict that changes the room takes the consequences.
 *
 * @param isTold - whether the state before the event was told by another server, and so follows from nothing
 * @param repairedBy - for the journal
 * @returns what was not as it should be, in sentences
 */
export function* mendEvent(
  draft: Draft,
  nid: EventNid,
  isTold: boolean,
  repairedBy: string,
): Asking<DecideNeed, readonly string[]> {
  const [stored] = yield* eventsOf(draft.view, [nid])
  if (stored === undefined || stored.before === NO_NID) return []
  const rejudged = yield* rejudgeEvent(draft, stored, isTold)
  const mended = told(stored, rejudged)
  if (rejudged.isVerdictWrong) {
    yield* takeConsequences(draft, rejudged.record, yield* rejudgeDependents(draft, rejudged), repairedBy)
  }
  const [record = stored] = yield* eventsOf(draft.view, [nid])
  const redacted = yield* applyRedactions(draft, record)
  return [
    ...mended,
    ...redacted.map(
      ({ event, because }) => `event ${event.eventId} was to be redacted by ${because.eventId}`,
    ),
  ]
}

function told(stored: EventRecord, { record, ...wrong }: Rejudged): readonly string[] {
  const { eventId, verdict } = stored
  return [
    wrong.isBeforeWrong ? [`event ${eventId} had a state before it that does not follow`] : [],
    wrong.isVerdictWrong
      ? [
          `event ${eventId} was ${verdict}, and the rules ${record.reason === undefined ? 'allow it' : `do not allow it: ${record.reason}`}`,
        ]
      : [],
    wrong.isAfterWrong ? [`event ${eventId} had a state after it that does not follow`] : [],
  ].flat()
}
