import {
  type Suspendable,
  type EventNid,
  type EventRecord,
  isFailure,
  type RoomRecord,
  type RoomserverError,
} from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { eventPages } from '../view/event-pages.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import { changesBetween } from '../view/state-at.ts'
import type { Draft } from '../decide/draft.ts'
import { afterExtremities } from '../decide/extremities.ts'
import { resolveAfter } from '../evaluate/resolve.ts'
import type { Store } from '../ports.ts'
import { auditEvent } from './audit-event.ts'
import { Scratch } from './scratch.ts'

/** What the audit reads. */
export interface AuditSource {
  readonly store: Store
  /** A room's events in the order of their NIDs, page by page. */
  eventsOfRoom(roomNid: RoomRecord['nid'], after: EventNid, limit: number): Promise<readonly EventRecord[]>
}

const PAGE = 200
/** How many events are evaluated side by side: what they need is read together, and held for all of them. */
const SIDE_BY_SIDE = 8

/** Re-evaluates every event of a room and compares with the stored data; returns differences as sentences. Writes nothing. */
export async function* auditRoom(source: AuditSource, room: RoomRecord): AsyncGenerator<string, void, void> {
  if (roomVersion(room.version) === undefined) {
    yield `the room has version ${JSON.stringify(room.version)}, which this program does not support`
    return
  }
  const scratch = new Scratch(source.store, room)
  const remote = await eventsAtRemoteState(source.store, room)
  const audit = (record: EventRecord) =>
    scratch.run((draft) => auditEvent(draft, record, remote.has(record.nid)))
  for await (const page of eventPages(source, room.nid, PAGE)) {
    for (let from = 0; from < page.length; from += SIDE_BY_SIDE)
      yield* await auditEvents(page.slice(from, from + SIDE_BY_SIDE), audit)
  }
  yield* await unlessLost('the current state', () => scratch.run(auditCurrent))
}

/** The findings of events, in their order. What cannot be read of one keeps others from being audited beside it, but not alone. */
async function auditEvents(
  records: readonly EventRecord[],
  audit: (record: EventRecord) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const together = await Promise.all(records.map((record) => audit(record).catch(undefinedIfLost)))
  const findings: string[] = []
  for (const [index, record] of records.entries()) {
    const found = together[index] ?? (await unlessLost(`event ${record.eventId}`, () => audit(record)))
    findings.push(...found)
  }
  return findings
}

function undefinedIfLost(error: unknown): undefined {
  if (!isLost(error)) throw error
}

/** The findings; or that the room cannot be audited, because data it depends on is lost. */
async function unlessLost(what: string, check: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await check()
  } catch (error) {
    if (!isLost(error)) throw error
    return [`${what} cannot be re-evaluated: ${error.message}`]
  }
}

/** Whether something cannot be worked out, as what it follows from is not stored or cannot be read. */
export function isLost(error: unknown): error is RoomserverError {
  return isFailure(error, 'STORE_DAMAGED') || isFailure(error, 'MALFORMED_EVENT')
}

/** The current state follows from the states after the forward extremities. */
function* auditCurrent(draft: Draft): Suspendable<DecideNeed, readonly string[]> {
  const { snapshot } = yield* resolveAfter(draft, yield* afterExtremities(draft))
  const changes = yield* changesBetween(draft.view, draft.room.current, snapshot)
  return changes.length === 0
    ? []
    : [`${changes.length} entries of the current state do not follow from its forward extremities`]
}

/** Events at remote states that are not verified yet. */
export async function eventsAtRemoteState(store: Store, { nid }: RoomRecord): Promise<ReadonlySet<EventNid>> {
  const records = await store.remoteStates(nid)
  return new Set(records.filter(({ isVerified }) => !isVerified).map(({ event }) => event))
}
