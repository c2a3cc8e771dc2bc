import type { Pdu } from '@roomserver/events'
import type { Storage } from '@roomserver/storage'
import { type EventId, type EventRecord, isRejected, type RoomRecord } from '@roomserver/types'
import type { State } from '@roomserver/testing/reference-resolution'
import { type Recomputed, recompute } from './recompute.ts'
import { storedStates } from './stored-states.ts'

/** What a store has of a room. */
export interface StoredHistory {
  readonly room: RoomRecord
  readonly events: ReadonlyMap<EventId, EventRecord>
}

/** Reads what a store has of some events of a room. */
export async function storedHistory(
  storage: Storage,
  history: readonly Pdu[],
): Promise<StoredHistory | undefined> {
  const room = await storage.room(history[0]?.roomId ?? '')
  if (room === undefined) return undefined
  const records = await storage.eventsById(history.map(({ eventId }) => eventId))
  return { room, events: new Map(records.map((record) => [record.eventId, record])) }
}

/** Says which of these events a store does not have. */
export async function missingEvents(storage: Storage, events: readonly Pdu[]): Promise<readonly string[]> {
  const stored = await storage.eventsById(events.map(({ eventId }) => eventId))
  const ids = new Set(stored.map(({ eventId }) => eventId))
  return events
    .filter(({ eventId }) => !ids.has(eventId))
    .map(({ eventId, roomId }) => `${roomId}: ${eventId} was acknowledged and is not stored`)
}

/** Compares what is stored of a room with what follows from its events alone. */
export async function checkEvents(
  storage: Storage,
  history: readonly Pdu[],
  { room, events }: StoredHistory,
): Promise<readonly string[]> {
  const isSoftFailed = (id: EventId): boolean => events.get(id)?.verdict === 'soft-failed'
  const expected = recompute(history, isSoftFailed)
  const records = [...events.values()]
  const states = await storedStates(storage, [
    room.current,
    ...records.flatMap(({ before, after }) => [before, after]),
  ])
  const problems: string[] = []
  const compare = (what: string, is: readonly EventId[] | undefined, shouldBe: readonly EventId[]): void => {
    if ((is ?? []).join() === shouldBe.join()) return
    problems.push(`${room.roomId}: ${what} is [${is?.join(' ') ?? ''}] and not [${shouldBe.join(' ')}]`)
  }
  for (const pdu of history) {
    const record = events.get(pdu.eventId)
    if (record === undefined) continue
    problems.push(...wrongInEvent(pdu, record, expected).map((wrong) => `${pdu.eventId} ${wrong}`))
    compare(`before ${pdu.eventId}`, states.get(record.before), idsIn(expected.before.get(pdu.eventId)))
    compare(`after ${pdu.eventId}`, states.get(record.after), idsIn(expected.after.get(pdu.eventId)))
  }
  const extremities = new Set<number>(room.extremities)
  const found = records.filter(({ nid }) => extremities.has(nid)).map(({ eventId }) => eventId)
  compare(
    'the list of extremities',
    found.toSorted(),
    expected.extremities.map(({ eventId }) => eventId).toSorted(),
  )
  compare('the current state', states.get(room.current), idsIn(expected.current))
  return problems
}

function wrongInEvent(pdu: Pdu, record: EventRecord, { rejected }: Recomputed): readonly string[] {
  return [
    ...(isRejected(record.verdict) === rejected.has(pdu.eventId)
      ? []
      : [`is ${record.verdict}, which the rules do not say`]),
    ...(record.redactedBy !== 0 || record.json === pdu.json ? [] : ['is not what was sent']),
  ]
}

function idsIn(state: State | undefined): readonly EventId[] {
  return [...(state?.values() ?? [])].map(({ eventId }) => eventId).toSorted()
}
