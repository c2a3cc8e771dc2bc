import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'

/**
 * The forward extremities of a room: accepted events that no accepted event builds upon, be it by way of events that
 * were refused. Events are added each after those that it builds upon.
 */
export class ForwardExtremities {
  readonly #ids = new Set<EventId>()
  readonly #prevOfRefused = new Map<EventId, readonly EventId[]>()

  get ids(): readonly EventId[] {
    return [...this.#ids]
  }

  add({ eventId, prevEvents }: Pdu, isAccepted: boolean): void {
    if (!isAccepted) {
      this.#prevOfRefused.set(eventId, prevEvents)
      return
    }
    const builtUpon = new Set(prevEvents)
    for (const id of builtUpon) {
      this.#ids.delete(id)
      for (const older of this.#prevOfRefused.get(id) ?? []) builtUpon.add(older)
    }
    this.#ids.add(eventId)
  }

  /** Forgets the extremities, as a server does that joins the room again through another one. */
  clear(): void {
    this.#ids.clear()
  }
}
