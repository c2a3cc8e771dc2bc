import type { InspectJournalRequest, InspectJournalResponse, JournalEntry } from '@roomserver/api'
import type {
  EventId,
  EventNid,
  EventTypeNid,
  JournalCause,
  StateKeyNid,
  Suspendable,
} from '@roomserver/types'
import { journalSentence } from '../explain/journal-sentence.ts'
import type { InspectionSource, JournalPlace, PlacedJournalRecord } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { eventsOf, tuplesOf } from '../read/records.ts'
import { type RoomView, roomView } from '../read/room-view.ts'
import { cursorOf, numbersOf, pageSize } from './pages.ts'
import { summaryFinder } from './state-changes.ts'

/** How many of the conflicted events of a change are listed. */
const MAX_CONFLICTED = 100

/** Which changes of a room are wanted. */
export interface JournalFilter {
  readonly resetsOnly: boolean
  /** `undefined`: of all entries. */
  readonly entry: { readonly type: string; readonly stateKey: string } | undefined
}

/** Changes that were found, and where the search goes on; `undefined`: there are no more. */
export interface FoundChanges {
  readonly changes: readonly PlacedJournalRecord[]
  readonly next: JournalPlace | undefined
}

/**
 * Changes of the current state of a room, the latest first.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT
 */
export async function inspectJournal(
  source: InspectionSource,
  request: InspectJournalRequest,
): Promise<InspectJournalResponse> {
  const limit = pageSize(request.limit, { usual: 100, most: 500 })
  const { type, state_key: stateKey } = request
  const [revision, place] = numbersOf(request.cursor, 2) ?? []
  const before = revision === undefined || place === undefined ? undefined : { revision, place }
  const view = await roomView(source.store, request.room_id)
  const entry = type === '' ? undefined : { type, stateKey }
  const filter = { resetsOnly: request.resets_only, entry }
  const { changes, next } = await findChanges(source, view, filter, before, limit)
  return {
    entries: await source.read((reader) => journalEntries(reader, view, changes)),
    next: next === undefined ? '' : cursorOf(next.revision, next.place),
  }
}

/** Finds changes, the latest first, from before a place (`undefined`: from the latest). */
export async function findChanges(
  { read, store }: InspectionSource,
  { room }: RoomView,
  { entry, resetsOnly }: JournalFilter,
  before: JournalPlace | undefined,
  limit: number,
): Promise<FoundChanges> {
  const page = { before, limit, resetsOnly }
  const nids = entry && (await read((reader) => nidsOfEntry(reader, entry)))
  const changes =
    nids === undefined
      ? await store.journalBefore(room.nid, page)
      : await store.changesOfEntry(room.nid, nids, page)
  return { changes, next: changes.length < limit ? undefined : changes.at(-1) }
}

/** A NID that nothing has. */
const UNKNOWN = -1

function* nidsOfEntry(
  reader: RecordReader,
  { stateKey, type }: NonNullable<JournalFilter['entry']>,
): Suspendable<RecordNeed, { readonly type: EventTypeNid; readonly stateKey: StateKeyNid }> {
  if (reader.typeNid(type) === undefined) yield { kind: 'types', names: [type] }
  if (reader.stateKeyNid(stateKey) === undefined) yield { kind: 'state-keys', texts: [stateKey] }
  return {
    type: reader.typeNid(type) ?? (UNKNOWN as EventTypeNid),
    stateKey: reader.stateKeyNid(stateKey) ?? (UNKNOWN as StateKeyNid),
  }
}

/** Changes in words, with the events that they are about. */
export function* journalEntries(
  reader: RecordReader,
  view: RoomView,
  changes: readonly PlacedJournalRecord[],
): Suspendable<RecordNeed, readonly JournalEntry[]> {
  const tuples = yield* tuplesOf(reader, changes)
  const mentioned = changes.flatMap(({ from, to, cause }) => [from, to, causeEvent(cause)])
  const find = yield* summaryFinder(reader, view, mentioned)
  const ids = yield* idsOf(reader, changes)
  return changes.map((change, at) => {
    const [type = '', state_key = ''] = tuples[at] ?? []
    const { cause, from, reset, revision, to } = change
    const conflicted = conflictedBy(cause).map((nid) => ids.get(nid) ?? '')
    const entry = {
      revision,
      type,
      state_key,
      from: find(from),
      to: find(to),
      cause: cause.kind,
      cause_event: find(causeEvent(cause)),
      conflicted,
      repaired_by: cause.kind === 'repair' ? cause.by : '',
      is_reset: reset,
    }
    return { ...entry, says: journalSentence(entry) }
  })
}

function* idsOf(
  reader: RecordReader,
  changes: readonly PlacedJournalRecord[],
): Suspendable<RecordNeed, ReadonlyMap<EventNid, EventId>> {
  const nids = [...new Set(changes.flatMap(({ cause }) => conflictedBy(cause)))]
  const records = yield* eventsOf(reader, nids)
  return new Map(records.map(({ eventId, nid }) => [nid, eventId]))
}

function conflictedBy(cause: JournalCause): readonly EventNid[] {
  return cause.kind === 'resolution' ? cause.conflicted.slice(0, MAX_CONFLICTED) : []
}

const NOTHING: EventNid = 0 as EventNid

/** The event that brought a change about; 0 for a repair. */
export function causeEvent(cause: JournalCause): EventNid {
  return cause.kind === 'repair' ? NOTHING : cause.event
}
