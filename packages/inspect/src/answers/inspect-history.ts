import type {
  HistoryEntry,
  InspectHistoryRequest,
  InspectHistoryResponse,
  JournalEntry,
} from '@roomserver/api'
import { type EventNid, type EventRecord, NO_NID, type Suspendable } from '@roomserver/types'
import { becauseOf } from '../explain/journal-sentence.ts'
import { invalidArgument } from '../failures.ts'
import type { InspectionSource, PlacedJournalRecord } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { eventsAt, eventsOf, eventWithId } from '../read/records.ts'
import { type RoomView, roomView, summaryOf } from '../read/room-view.ts'
import { findChanges, journalEntries } from './inspect-journal.ts'
import { pageSize } from './pages.ts'

/** How many changes of the entry are taken from the journal. */
const MAX_CHANGES = 500

/**
 * Who set an entry of the state of a room when, and what became of each setting.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT
 */
export async function inspectHistory(
  source: InspectionSource,
  request: InspectHistoryRequest,
): Promise<InspectHistoryResponse> {
  const limit = pageSize(request.limit, { usual: 50, most: 200 })
  const view = await roomView(source.store, request.room_id)
  const { cursor, state_key: stateKey, type } = request
  const nids = await source.read(function* (reader): Suspendable<RecordNeed, EntryNids> {
    const [current = NO_NID] = yield* eventsAt(reader, view.room.current, [[type, stateKey]])
    const start = cursor === '' ? null : yield* eventWithId(reader, cursor)
    if (cursor !== '' && start?.roomNid !== view.room.nid)
      throw invalidArgument('cursor', '`next` of an earlier page')
    const typeNid = reader.typeNid(type) ?? NO_NID
    return {
      type: typeNid,
      stateKey: reader.stateKeyNid(stateKey) ?? NO_NID,
      current,
      before: start?.nid ?? NO_NID,
    }
  })
  if (nids.type === NO_NID || nids.stateKey === NO_NID) return { entries: [], next: '' }
  const setters = await source.store.settersOf(view.room.nid, nids, { before: nids.before, limit: limit + 1 })
  const events = setters.slice(0, limit)
  const filter = { resetsOnly: false, entry: { type, stateKey } }
  const { changes } = await findChanges(source, view, filter, undefined, MAX_CHANGES)
  return await source.read(function* (reader): Suspendable<RecordNeed, InspectHistoryResponse> {
    const journal = yield* journalEntries(reader, view, changesAbout(events, changes))
    const records = yield* eventsOf(reader, events)
    return {
      entries: records.map((record) => historyEntry(reader, view, record, nids.current, journal)),
      next: setters.length > limit ? (records.at(-1)?.eventId ?? '') : '',
    }
  })
}

/** The changes that say something about events: that they came, that they went, that they lost. */
function changesAbout(
  events: readonly EventNid[],
  changes: readonly PlacedJournalRecord[],
): readonly PlacedJournalRecord[] {
  const shown = new Set(events)
  return changes.filter(
    ({ cause, from, to }) =>
      shown.has(to) ||
      shown.has(from) ||
      (cause.kind === 'resolution' && cause.conflicted.some((nid) => shown.has(nid))),
  )
}

interface EntryNids {
  readonly type: EventRecord['typeNid']
  readonly stateKey: EventRecord['stateKeyNid']
  /** What the current state has; 0: nothing. */
  readonly current: EventNid
  readonly before: EventNid
}

function historyEntry(
  reader: RecordReader,
  view: RoomView,
  record: EventRecord,
  current: EventNid,
  journal: readonly JournalEntry[],
): HistoryEntry {
  const event = summaryOf(reader, view, record)
  const came = journal.find(({ to }) => to?.event_id === record.eventId) ?? null
  const went = journal.find(({ from }) => from?.event_id === record.eventId) ?? null
  const outcome = outcomeOf(record, current, came !== null || went !== null)
  return { event, outcome, came, went, why: whyOf(record, outcome, { came, went, journal }) }
}

function outcomeOf(record: EventRecord, current: EventNid, wasCurrent: boolean): HistoryEntry['outcome'] {
  if (record.nid === current) return 'current'
  switch (record.verdict) {
    case 'rejected-by-auth-events':
    case 'rejected-by-state':
      return 'rejected'
    case 'outlier':
      return 'outlier'
    case 'accepted':
    case 'soft-failed':
      if (wasCurrent) return 'replaced'
      return record.verdict === 'soft-failed' ? 'soft-failed' : 'lost'
  }
}

interface OfJournal {
  readonly came: JournalEntry | null
  readonly went: JournalEntry | null
  readonly journal: readonly JournalEntry[]
}

function whyOf(
  { eventId, reason = '', rule = '' }: EventRecord,
  outcome: HistoryEntry['outcome'],
  { came, journal, went }: OfJournal,
): string {
  switch (outcome) {
    case 'current':
      return came === null
        ? 'It is in the current state.'
        : `It came into the current state ${becauseOf(came)}.`
    case 'replaced':
      return went?.says ?? 'It was in the current state, and is not any more.'
    case 'rejected':
      return `It was rejected by rule ${rule}: ${reason}.`
    case 'soft-failed':
      return `It was soft-failed by rule ${rule}: ${reason}.`
    case 'outlier':
      return 'It is an outlier: stored outside the event graph, and in no state of the room.'
    case 'lost':
      return whyLost(journal.find(({ conflicted }) => conflicted.includes(eventId)))
  }
}

function whyLost(decided: JournalEntry | undefined): string {
  if (decided === undefined)
    return 'It was accepted on its branch of the event graph, and never got into the current state.'
  const at = decided.cause_event?.event_id ?? ''
  const winner = decided.to === null ? 'nothing' : decided.to.event_id
  return `It was accepted on its branch, and lost the state resolution at ${at} against ${winner}.`
}
