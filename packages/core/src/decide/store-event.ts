import { type Suspendable, type EventRecord, NO_NID, type SnapshotNid } from '@roomserver/types'
import { stateAfter } from '../evaluate/evaluate-event.ts'
import { authLevelOver, type EventReferences } from '../evaluate/event-references.ts'
import type { Judgement } from './judgement.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'
import { internStateKey, internType, newEventNid } from './allocate-nids.ts'

/**
 * Writes an event into the draft, or moves one that was stored outside the graph into it (with the text that it comes
 * with now: an invite was stored with the state shown to the invited user, which is not part of the room's event; and
 * with what it references, of which nothing need have been known then).
 *
 * @param known - the event as stored outside the graph
 * @param before - the state before it; 0: an outlier, for which it is not known
 */
export function* storeEvent(
  draft: Draft,
  { pdu }: EventInput,
  known: EventRecord | null,
  { links }: EventReferences,
  judgement: Judgement,
  before: SnapshotNid,
): Suspendable<DecideNeed, EventRecord> {
  const nid = known?.nid ?? (yield* newEventNid(draft))
  const type = yield* internType(draft, pdu.type)
  const stateKey = pdu.stateKey === undefined ? NO_NID : yield* internStateKey(draft, pdu.stateKey)
  const { verdict, rule, reason } = judgement
  const entry = { type, stateKey, event: nid }
  const after = yield* stateAfter(draft, { before, verdict }, entry, known === null)
  const authNids = links.map((event) => event.nid)
  const authLevel = authLevelOver(links)
  if (known !== null) {
    const json = known.redactedBy === NO_NID && known.json !== pdu.json ? { json: pdu.json } : {}
    const late = known.authNids.length === authNids.length ? {} : { authNids, authLevel }
    return draft.updateEvent(known, { verdict, rule, reason, before, after, ...json, ...late })
  }

  const record: EventRecord = {
    nid,
    roomNid: draft.read.nid,
    eventId: pdu.eventId,
    typeNid: type,
    stateKeyNid: stateKey,
    depth: pdu.depth,
    authLevel,
    authNids,
    verdict,
    rule,
    reason,
    before,
    after,
    redactedBy: NO_NID,
    json: pdu.json,
  }
  draft.addEvent(record, pdu)
  return record
}
