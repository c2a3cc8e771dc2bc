import { type Asking, type EventNid, type EventRecord, NO_NID } from '@roomserver/types'
import { citationsOf } from '../decide/citations.ts'
import { changesBetween } from '../decide/current-state.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { applyRedactions } from '../decide/redactions.ts'
import { resolveAfter } from '../decide/resolve.ts'
import { stateChanged } from '../decide/state-changes.ts'
import { eventsOf } from '../view/asking.ts'

/**
 * Makes what is derived from a stored event follow from what is stored of the events before it: the states before and
 * after it, and what it redacts. Its verdict is not touched: that may have been shown to others.
 *
 * @param isGiven - whether the state before the event was given from outside, and so follows from nothing
 * @returns what was not as it should be, in sentences
 */
export function* mendEvent(
  draft: Draft,
  nid: EventNid,
  isGiven: boolean,
): Asking<DecideNeed, readonly string[]> {
  const [record] = yield* eventsOf(draft.view, [nid])
  if (record === undefined || record.before === NO_NID) return []
  const states = yield* mendStates(draft, record, isGiven)
  const redacted = yield* applyRedactions(draft, states.record)
  return [
    ...states.mended,
    ...redacted.map(
      ({ event, because }) => `event ${event.eventId} was to be redacted by ${because.eventId}`,
    ),
  ]
}

function* mendStates(
  draft: Draft,
  record: EventRecord,
  isGiven: boolean,
): Asking<DecideNeed, { readonly record: EventRecord; readonly mended: readonly string[] }> {
  const mended: string[] = []
  const before = isGiven ? record.before : yield* stateBeforeOf(draft, record)
  const isBeforeRight = (yield* changesBetween(draft, record.before, before)).length === 0
  if (!isBeforeRight) mended.push(`event ${record.eventId} had a state before it that does not follow`)
  const after = yield* stateAfterOf(draft, record, isBeforeRight ? record.before : before)
  const isAfterRight = (yield* changesBetween(draft, record.after, after)).length === 0
  if (!isAfterRight) mended.push(`event ${record.eventId} had a state after it that does not follow`)
  if (mended.length === 0) return { record, mended }
  const change = { ...(!isBeforeRight && { before }), ...(!isAfterRight && { after }) }
  return { record: draft.updateEvent(record, change), mended }
}

/** From the states after its prev events; where some of these are not known, as it is. */
function* stateBeforeOf(draft: Draft, record: EventRecord): Asking<DecideNeed, EventRecord['before']> {
  const pdu = draft.view.pduOf(record, draft.rules)
  const { prev, dangling } = yield* citationsOf(draft, { kind: 'old', pdu, sendAsServer: '' })
  if (dangling.length > 0) return record.before
  return (yield* resolveAfter(draft, [...new Set(prev.map(({ after }) => after))])).snapshot
}

function* stateAfterOf(
  draft: Draft,
  { stateKeyNid: stateKey, typeNid: type, nid: event, verdict }: EventRecord,
  before: EventRecord['before'],
): Asking<DecideNeed, EventRecord['after']> {
  if (stateKey === NO_NID || verdict.startsWith('rejected')) return before
  return yield* stateChanged(draft, before, [{ type, stateKey, event }])
}
