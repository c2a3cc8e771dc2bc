import { type Pdu, trustedPdu } from '@roomserver/events'
import {
  type EventNid,
  type EventRecord,
  isRejected,
  NO_NID,
  type RoomNid,
  type SnapshotRecord,
  type WriteSet,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { ConvertedStates } from './converted-states.ts'
import type { DendriteEvent } from './dendrite-source.ts'
import type { ImportContext } from './import-context.ts'
import type { NumberedRoom } from './numbered-room.ts'
import type { NumberedEvent } from './room-events.ts'
import type { ImportedStates } from './states.ts'
import { verdictOf } from './verdict.ts'

/** What the records of a room's events are made from. */
export interface RecordSources {
  readonly roomNid: RoomNid
  readonly rules: RoomVersionRules
  readonly events: NumberedRoom
  readonly states: ImportedStates
  readonly converted: ConvertedStates
}

/** Makes our records of a room's events, in parts, in the order in which the source stored them. */
export class RoomRecords {
  readonly #context: ImportContext
  readonly #from: RecordSources
  /** Parsed events of the part at hand and those that it references, by the source's numbers. */
  readonly #pdus = new Map<number, Pdu>()

  constructor(context: ImportContext, from: RecordSources) {
    this.#context = context
    this.#from = from
  }

  /** The records of a part, with the redactions and the missing prev events in it; events that are stored already are left out. */
  async of(
    part: readonly DendriteEvent[],
  ): Promise<Pick<WriteSet, 'events' | 'redactions' | 'missingPrevEvents' | 'remoteStates'>> {
    await this.#parse(part)
    const made: { readonly record: EventRecord; readonly pdu: Pdu }[] = []
    for (const { event_nid: number } of part) {
      const event = this.#from.events.byNumber(number)
      const pdu = this.#pdus.get(number)
      if (event !== undefined && pdu !== undefined && !event.isStored)
        made.push({ record: await this.#record(event, pdu), pdu })
    }
    const missingPrevEvents = made.flatMap(({ record, pdu }) => this.#missingPrevEventsOf(record, pdu))
    const open = [...new Set(missingPrevEvents.map(({ by }) => by))]
    return {
      events: made.map(({ record }) => record),
      redactions: made.flatMap(({ record, pdu }) => this.#redactionBy(record, pdu)),
      missingPrevEvents,
      remoteStates: open.map((event) => ({
        event,
        roomNid: this.#from.roomNid,
        waitsFor: event,
        isVerified: false,
      })),
    }
  }

  async #parse(part: readonly DendriteEvent[]): Promise<void> {
    const wanted = new Set(part.flatMap((event) => [event.event_nid, ...event.auth_event_nids]))
    for (const number of this.#pdus.keys()) if (!wanted.has(number)) this.#pdus.delete(number)
    const missing = [...wanted].filter((number) => !this.#pdus.has(number))
    for (const [number, text] of await this.#context.source.texts(missing)) {
      const event = this.#from.events.byNumber(number)
      if (event !== undefined)
        this.#pdus.set(number, trustedPdu(text, event.source.event_id, this.#from.rules))
    }
  }

  async #record(event: NumberedEvent, pdu: Pdu): Promise<EventRecord> {
    const { source, nid, typeNid, stateKeyNid, authLevel } = event
    const { converted, events, states, roomNid } = this.#from
    const before = await converted.convert(source.state_snapshot_nid)
    const judged = await verdictOf({
      pdu,
      wasRejected: source.is_rejected,
      hasState: before !== undefined,
      referenced: (id) => this.#referenced(id),
      stateAt: async (type, key) => before && (await this.#pduAt(before, type, key)),
    })
    const changes = before !== undefined && stateKeyNid !== NO_NID && !isRejected(judged.verdict)
    const after = changes
      ? await states.change(before, [{ type: typeNid, stateKey: stateKeyNid, event: nid }])
      : before
    return {
      nid,
      roomNid,
      eventId: source.event_id,
      typeNid,
      stateKeyNid,
      depth: source.depth,
      authLevel,
      authNids: isCreate(pdu)
        ? []
        : source.auth_event_nids.map((referenced) => events.nidOfNumber(referenced)).filter(isOne),
      ...judged,
      before: before?.nid ?? NO_NID,
      after: after?.nid ?? NO_NID,
      redactedBy: this.#redactedBy(source.event_id),
      json: pdu.json,
    }
  }

  #referenced(eventId: string): { pdu: Pdu; wasRejected: boolean } | undefined {
    const event = this.#from.events.byId(eventId)
    const pdu = event && this.#pdus.get(event.source.event_nid)
    return pdu && { pdu, wasRejected: event.source.is_rejected }
  }

  async #pduAt(state: SnapshotRecord, type: string, key: string): Promise<Pdu | undefined> {
    const { nids, source } = this.#context
    const typeNid = (await nids.types([type])).get(type) ?? NO_NID
    const keyNid = (await nids.keys([key])).get(key) ?? NO_NID
    const event = this.#from.events.byNid(await this.#from.states.lookup(state, typeNid, keyNid))
    if (event === undefined) return undefined
    const { event_id: id, event_nid: number } = event.source
    const text = (await source.texts([number])).get(number)
    return text === undefined ? undefined : trustedPdu(text, id, this.#from.rules)
  }

  #redactedBy(eventId: string): EventNid {
    const redaction = this.#context.redactions.get(eventId)
    if (redaction === undefined || !redaction.validated) return NO_NID
    return this.#from.events.nidOfId(redaction.redaction_event_id)
  }

  #redactionBy(record: EventRecord, { type, redacts }: Pdu): WriteSet['redactions'] {
    if (redacts === undefined || type !== 'm.room.redaction') return []
    const row = this.#context.redactions.get(redacts)
    const applied = row?.validated === true && row.redaction_event_id === record.eventId
    return [{ redaction: record.nid, roomNid: record.roomNid, redacts, applied }]
  }

  /** Prev events that the source does not have in its graph: when one arrives, it does not become a forward extremity. */
  #missingPrevEventsOf(record: EventRecord, pdu: Pdu): WriteSet['missingPrevEvents'] {
    if (record.before === NO_NID) return []
    const isInGraph = (id: string) => (this.#from.events.byId(id)?.source.state_snapshot_nid ?? 0) !== 0
    return pdu.prevEvents.filter((id) => !isInGraph(id)).map((prev) => ({ prev, by: record.nid }))
  }
}

/** A create event has no auth events, whatever it names. */
function isCreate({ type, stateKey }: Pdu): boolean {
  return type === 'm.room.create' && stateKey === ''
}

function isOne(nid: EventNid): boolean {
  return nid !== NO_NID
}
