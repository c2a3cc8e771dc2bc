import type { EventSummary, InspectGraphRequest, InspectGraphResponse } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { EventId, RoomId } from '@roomserver/types'
import { pageSize } from '../answers/pages.ts'
import { eventSummary, missingEvent } from '../event/event-summary.ts'
import { DeepestFirst } from './deepest-first.ts'

/** The event graphs of the rooms of a file as their events say, before anything is evaluated. */
export class UnevaluatedGraph {
  readonly #events: ReadonlyMap<EventId, Pdu>
  readonly #isWhole: boolean
  /** Events that no other refers to as a prev event. */
  readonly #ends: ReadonlySet<EventId>

  /** @param isWhole - whether the file has no other events: what they refer to is missing then */
  constructor(pdus: readonly Pdu[], isWhole: boolean) {
    this.#events = new Map(pdus.map((pdu) => [pdu.eventId, pdu]))
    this.#isWhole = isWhole
    const ends = new Set(this.#events.keys())
    for (const { eventId, prevEvents } of pdus)
      for (const id of prevEvents) if (id !== eventId) ends.delete(id)
    this.#ends = ends
  }

  has(eventId: EventId): boolean {
    return this.#events.has(eventId)
  }

  /** The events of a room that no other refers to. */
  endsOf(roomId: RoomId): readonly EventId[] {
    return [...this.#ends].filter((id) => this.#events.get(id)?.roomId === roomId)
  }

  /**
   * A page of the graph of a room, the greatest depth first. What may be elsewhere in the file is among those to go on from.
   *
   * @throws {RoomserverError} INVALID_ARGUMENT
   */
  page({ from, limit, room_id: roomId }: InspectGraphRequest): InspectGraphResponse {
    const size = pageSize(limit, { usual: 200, most: 1_000 })
    const pending = new DeepestFirst()
    const waiting = new Set<EventId>()
    const given = new Map<EventId, EventSummary>()
    const add = (id: EventId): void => {
      if (given.has(id) || waiting.has(id)) return
      const pdu = this.#events.get(id)
      if (pdu?.roomId === roomId) pending.add(pdu)
      if (pdu?.roomId === roomId || (pdu === undefined && !this.#isWhole)) waiting.add(id)
      else given.set(id, missingEvent(id))
    }
    for (const id of from.length === 0 ? this.endsOf(roomId) : from) add(id)
    while (given.size < size) {
      const next = pending.take()
      if (next === undefined) break
      waiting.delete(next.eventId)
      given.set(next.eventId, this.#summary(next))
      for (const id of next.prevEvents) add(id)
    }
    return { events: [...given.values()], next: [...waiting] }
  }

  #summary(pdu: Pdu): EventSummary {
    const isExtremity = this.#ends.has(pdu.eventId)
    return eventSummary(pdu, { status: 'unevaluated', isRedacted: false, isExtremity })
  }
}
