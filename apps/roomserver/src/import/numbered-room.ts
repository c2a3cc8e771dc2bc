import { type EventNid, NO_NID, type RoomRecord, type StateEntry } from '@roomserver/types'
import type { DendriteEvent } from './dendrite-source.ts'
import type { ImportContext } from './import-context.ts'
import { authLevels, entryOf, type NumberedEvent } from './room-events.ts'

/** Events that are looked up at a time. */
const PAGE = 500

/** The events of a room under the source's numbers, ours and their IDs. */
export class NumberedRoom {
  readonly #events = new Map<number, NumberedEvent>()
  readonly #numberOfId = new Map<string, number>()
  readonly #numberOfNid = new Map<EventNid, number>()

  add(event: NumberedEvent): void {
    this.#events.set(event.source.event_nid, event)
    this.#numberOfId.set(event.source.event_id, event.source.event_nid)
    this.#numberOfNid.set(event.nid, event.source.event_nid)
  }

  byNumber(number: number): NumberedEvent | undefined {
    return this.#events.get(number)
  }

  byId(eventId: string): NumberedEvent | undefined {
    return this.#events.get(this.#numberOfId.get(eventId) ?? 0)
  }

  byNid(nid: EventNid): NumberedEvent | undefined {
    return this.#events.get(this.#numberOfNid.get(nid) ?? 0)
  }

  nidOfNumber(number: number): EventNid {
    return this.byNumber(number)?.nid ?? NO_NID
  }

  nidOfId(eventId: string): EventNid {
    return this.byId(eventId)?.nid ?? NO_NID
  }

  entryOf(number: number): StateEntry | undefined {
    const event = this.byNumber(number)
    return event && entryOf(event)
  }
}

/** Gives every event of a room its NID here; those that an interrupted import stored keep the ones that they have. */
export async function numberRoom(
  { store, nids, eventTypes, stateKeys }: ImportContext,
  room: RoomRecord,
  events: readonly DendriteEvent[],
): Promise<NumberedRoom> {
  const numbered = new NumberedRoom()
  const levels = authLevels(events)
  for (let from = 0; from < events.length; from += PAGE) {
    const page = events.slice(from, from + PAGE)
    const texts = page.map((source) => ({
      source,
      type: eventTypes.get(source.event_type_nid) ?? '',
      key: stateKeys.get(source.event_state_key_nid),
    }))
    const types = await nids.types(texts.map(({ type }) => type))
    const keys = await nids.keys(texts.map(({ key }) => key).filter((key) => key !== undefined))
    const found = room.revision === 0 ? [] : await store.eventsById(page.map((event) => event.event_id))
    const stored = new Map(found.map((record) => [record.eventId, record.nid]))
    for (const { source, type, key } of texts) {
      const nid = stored.get(source.event_id)
      numbered.add({
        source,
        nid: nid ?? (await nids.fresh('event')),
        isStored: nid !== undefined,
        typeNid: types.get(type) ?? NO_NID,
        stateKeyNid: key === undefined ? NO_NID : (keys.get(key) ?? NO_NID),
        authLevel: levels.get(source.event_nid) ?? 0,
      })
    }
  }
  return numbered
}
