import type { Pdu } from '@roomserver/events'
import type { Storage } from '@roomserver/storage'
import { type EventId, type EventRecord, isRejected, type RoomRecord } from '@roomserver/types'
import { judgeRoom } from '../oracle/judge-room.ts'
import { idsOf, type Judgement } from '../oracle/room-oracle.ts'
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

/**
 * Compares what is stored of a room with what follows from its events alone. Which events failed softly depends on when
 * they came, and is taken as it was found.
 */
export async function checkEvents(
  storage: Storage,
  history: readonly Pdu[],
  { room, events }: StoredHistory,
): Promise<readonly string[]> {
  const [first] = history
  if (first === undefined) return []
  const oracle = judgeRoom(first.rules, history)
  const extremities = oracle.forwardExtremities(
    ({ pdu, isRejected: isOut }) => !isOut && events.get(pdu.eventId)?.verdict !== 'soft-failed',
  )
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
  for (const { eventId } of history) {
    const record = events.get(eventId)
    const judged = oracle.judged(eventId)
    if (judged === undefined) problems.push(`${eventId} builds upon events that are nowhere`)
    if (record === undefined || judged === undefined) continue
    problems.push(...wrongInEvent(record, judged).map((wrong) => `${eventId} ${wrong}`))
    compare(`before ${eventId}`, states.get(record.before), idsOf(judged.before))
    compare(`after ${eventId}`, states.get(record.after), idsOf(judged.after))
  }
  const stored = new Set<number>(room.extremities)
  const found = records.filter(({ nid }) => stored.has(nid)).map(({ eventId }) => eventId)
  compare('the list of extremities', found.toSorted(), extremities.toSorted())
  compare('the current state', states.get(room.current), idsOf(oracle.stateAfter(extremities)))
  return problems
}

function wrongInEvent(
  { verdict, redactedBy, json }: EventRecord,
  { pdu, isRejected: shouldBeRejected }: Judgement,
): readonly string[] {
  return [
    ...(isRejected(verdict) === shouldBeRejected ? [] : [`is ${verdict}, which the rules do not say`]),
    ...(redactedBy !== 0 || json === pdu.json ? [] : ['is not what was sent']),
  ]
}
