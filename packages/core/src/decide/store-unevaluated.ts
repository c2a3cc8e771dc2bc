import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import { authLevelOver, linksOf } from '../evaluate/event-references.ts'
import { eventsWithIds } from '../view/reads.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { internStateKey, internType, newEventNid } from './allocate-nids.ts'

/** Stores an event as an outlier, if too little of its room is known to evaluate it: an invite, or its end. */
export function* storeUnevaluated(draft: Draft, pdu: Pdu): Suspendable<DecideNeed, EventRecord> {
  const stored = (yield* eventsWithIds(draft.view, pdu.authEvents)).filter((event) => event !== null)
  const links = linksOf(draft, pdu, new Map(stored.map((event) => [event.eventId, event])))
  const record: EventRecord = {
    nid: yield* newEventNid(draft),
    roomNid: draft.read.nid,
    eventId: pdu.eventId,
    typeNid: yield* internType(draft, pdu.type),
    stateKeyNid: pdu.stateKey === undefined ? NO_NID : yield* internStateKey(draft, pdu.stateKey),
    depth: pdu.depth,
    authLevel: authLevelOver(links),
    authNids: links.map((event) => event.nid),
    verdict: 'outlier',
    before: NO_NID,
    after: NO_NID,
    redactedBy: NO_NID,
    json: pdu.json,
  }
  draft.addEvent(record, pdu)
  return record
}
