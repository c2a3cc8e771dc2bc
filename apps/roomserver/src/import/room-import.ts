import { type Pdu, trustedPdu } from '@roomserver/events'
import type { Storage } from '@roomserver/storage'
import {
  type EventNid,
  type EventRecord,
  NO_NID,
  type RoomRecord,
  RoomserverError,
  type WriteSet,
} from '@roomserver/types'
import { type RoomVersionRules, roomVersion } from '@roomserver/version'
import { ConvertedStates } from './converted-states.ts'
import type { DendriteEvent, DendriteRedaction, DendriteRoom, DendriteSource } from './dendrite-source.ts'
import type { NidSupply } from './nid-supply.ts'
import { authLevels, entryOf, type NumberedEvent } from './room-events.ts'
import { invitesOf, membershipsOf } from './room-members.ts'
import { ImportedStates } from './states.ts'
import { verdictOf } from './verdict.ts'

/** What all rooms of an import share. */
export interface ImportContext {
  readonly source: DendriteSource
  readonly store: Storage
  readonly nids: NidSupply
  readonly eventTypes: ReadonlyMap<number, string>
  readonly stateKeys: ReadonlyMap<number, string>
  readonly redactions: ReadonlyMap<string, DendriteRedaction>
  /** Told after each part of a room, with the count of events so far. */
  readonly onProgress: (events: number) => void
}

/** What became of a room. */
export interface RoomImportResult {
  readonly events: number
  /** It was there already, from an import before this one. */
  readonly skipped: boolean
}

/** Events that are stored in one transaction. */
const PART = 500

/**
 * Imports one room: its events with their verdicts and states, extremities, members and invites. It is stored in
 * parts; until the last one the room has no extremities, and an import that was interrupted goes on where it stopped.
 *
 * @throws {RoomserverError} UNSUPPORTED_ROOM_VERSION for a room of a version that nobody knows
 */
export async function importRoom(context: ImportContext, room: DendriteRoom): Promise<RoomImportResult> {
  const rules = roomVersion(room.room_version)
  if (rules === undefined) {
    const text = `${room.room_id} has room version ${room.room_version}, which is not known`
    throw new RoomserverError('UNSUPPORTED_ROOM_VERSION', { version: room.room_version }, text)
  }
  const stored = await context.store.room(room.room_id)
  const isWhole = stored !== undefined && (stored.current !== NO_NID || room.state_snapshot_nid === 0)
  if (isWhole) return { events: 0, skipped: true }
  return await new RoomImport(context, room, rules, stored).run()
}

class RoomImport {
  readonly #context: ImportContext
  readonly #source: DendriteRoom
  readonly #rules: RoomVersionRules
  #room: RoomRecord
  #events = new Map<number, NumberedEvent>()
  #numberOfId = new Map<string, number>()
  #numberOfNid = new Map<EventNid, number>()
  #pdus = new Map<number, Pdu>()

  constructor(
    context: ImportContext,
    source: DendriteRoom,
    rules: RoomVersionRules,
    stored: RoomRecord | undefined,
  ) {
    this.#context = context
    this.#source = source
    this.#rules = rules
    this.#room = stored ?? emptyRoom(source)
  }

  async run(): Promise<RoomImportResult> {
    const { source, store, nids } = this.#context
    if (this.#room.revision === 0) this.#room = { ...this.#room, nid: await nids.fresh('room') }
    const events = await source.eventsOfRoom(this.#source.room_nid)
    const strings = await this.#number(events)
    const states = new ImportedStates(store, nids, this.#room.nid)
    const converted = new ConvertedStates(
      source,
      states,
      await source.snapshotsOfRoom(this.#source.room_nid),
      (nid) => {
        const event = this.#events.get(nid)
        return event && entryOf(event)
      },
    )
    const size = this.#source.state_snapshot_nid === 0 ? Math.max(1, events.length) : PART
    for (let from = 0; from < events.length; from += size) {
      const part = events.slice(from, from + size)
      const records = await this.#records(part, states, converted)
      const parts = from === 0 ? strings : {}
      await this.#commit({ ...parts, ...states.takeNew(), ...records })
      this.#context.onProgress(part.length)
    }
    await this.#finish(states, converted, events.length === 0 ? strings : {})
    return { events: events.length, skipped: false }
  }

  /** Gives every event of the room its number here, those of an interrupted import the ones that they have. */
  async #number(events: readonly DendriteEvent[]): Promise<Pick<WriteSet, 'eventTypes' | 'stateKeys'>> {
    const { store, nids, eventTypes, stateKeys } = this.#context
    const added: {
      eventTypes: WriteSet['eventTypes'][number][]
      stateKeys: WriteSet['stateKeys'][number][]
    } = {
      eventTypes: [],
      stateKeys: [],
    }
    const typeOf = (event: DendriteEvent) => eventTypes.get(event.event_type_nid) ?? ''
    const keyOf = (event: DendriteEvent) => stateKeys.get(event.event_state_key_nid)
    const types = await nids.types([...new Set(events.map(typeOf))], added.eventTypes)
    const keyTexts = events.map(keyOf).filter((key) => key !== undefined)
    const members = await this.#context.source.memberships(this.#source.room_nid)
    const keys = await nids.keys(
      [...new Set([...keyTexts, ...members.map((row) => row.target)])],
      added.stateKeys,
    )
    const levels = authLevels(events)
    const storedNids = new Map<string, EventNid>()
    if (this.#room.revision > 0) {
      for (const record of await store.eventsById(events.map((event) => event.event_id))) {
        storedNids.set(record.eventId, record.nid)
      }
    }
    for (const event of events) {
      const key = keyOf(event)
      this.#numberOfId.set(event.event_id, event.event_nid)
      const nid = storedNids.get(event.event_id) ?? (await nids.fresh('event'))
      this.#numberOfNid.set(nid, event.event_nid)
      this.#events.set(event.event_nid, {
        source: event,
        nid,
        typeNid: types.get(typeOf(event)) ?? NO_NID,
        stateKeyNid: key === undefined ? NO_NID : (keys.get(key) ?? NO_NID),
        authLevel: levels.get(event.event_nid) ?? 0,
      })
    }
    this.#stored = storedNids
    return added
  }

  #stored: ReadonlyMap<string, EventNid> = new Map()

  async #records(
    part: readonly DendriteEvent[],
    states: ImportedStates,
    converted: ConvertedStates,
  ): Promise<Pick<WriteSet, 'events' | 'redactions' | 'danglingPrev'>> {
    await this.#parse(part)
    const records: EventRecord[] = []
    for (const event of part) {
      const numbered = this.#events.get(event.event_nid)
      const pdu = this.#pdus.get(event.event_nid)
      if (numbered === undefined || pdu === undefined) continue
      const record = await this.#record(numbered, pdu, states, converted)
      if (!this.#stored.has(event.event_id)) records.push(record)
    }
    return {
      events: records,
      redactions: records.flatMap((record) => this.#redactionBy(record)),
      danglingPrev: records.filter(isInGraph).flatMap((record) => this.#danglingPrev(record)),
    }
  }

  async #parse(part: readonly DendriteEvent[]): Promise<void> {
    const wanted = new Set(part.flatMap((event) => [event.event_nid, ...event.auth_event_nids]))
    for (const nid of this.#pdus.keys()) if (!wanted.has(nid)) this.#pdus.delete(nid)
    const missing = [...wanted].filter((nid) => !this.#pdus.has(nid) && this.#events.has(nid))
    for (const [nid, text] of await this.#context.source.texts(missing)) {
      const id = this.#events.get(nid)?.source.event_id ?? ''
      this.#pdus.set(nid, trustedPdu(text, id, this.#rules))
    }
  }

  async #record(
    { source, nid, typeNid, stateKeyNid, authLevel }: NumberedEvent,
    pdu: Pdu,
    states: ImportedStates,
    converted: ConvertedStates,
  ): Promise<EventRecord> {
    const before = await converted.convert(source.state_snapshot_nid)
    const stateAt = async (type: string, key: string) =>
      before && (await this.#pduAt(await this.#eventAt(states, before, type, key)))
    const judged = await verdictOf({
      pdu,
      wasRejected: source.is_rejected,
      hasState: before !== undefined,
      cited: (id) => this.#cited(id),
      stateAt,
    })
    const changes = before !== undefined && stateKeyNid !== NO_NID && !judged.verdict.startsWith('rejected')
    const after = changes
      ? await states.change(before, [{ type: typeNid, stateKey: stateKeyNid, event: nid }])
      : before
    return {
      nid,
      roomNid: this.#room.nid,
      eventId: source.event_id,
      typeNid,
      stateKeyNid,
      depth: source.depth,
      authLevel,
      authNids: source.auth_event_nids.flatMap((cited) => this.#events.get(cited)?.nid ?? []),
      ...judged,
      before: before?.nid ?? NO_NID,
      after: after?.nid ?? NO_NID,
      redactedBy: this.#redactedBy(source.event_id),
      json: pdu.json,
    }
  }

  #cited(eventId: string): { pdu: Pdu; wasRejected: boolean } | undefined {
    const number = this.#numberOfId.get(eventId)
    const pdu = number === undefined ? undefined : this.#pdus.get(number)
    const wasRejected = number !== undefined && (this.#events.get(number)?.source.is_rejected ?? false)
    return pdu && { pdu, wasRejected }
  }

  async #eventAt(
    states: ImportedStates,
    before: Parameters<ImportedStates['lookup']>[0],
    type: string,
    key: string,
  ): Promise<EventNid> {
    const { nids } = this.#context
    const typeNid = (await nids.types([type], [])).get(type) ?? NO_NID
    const keyNid = (await nids.keys([key], [])).get(key) ?? NO_NID
    return await states.lookup(before, typeNid, keyNid)
  }

  async #pduAt(nid: EventNid): Promise<Pdu | undefined> {
    const number = this.#numberOfNid.get(nid)
    if (number === undefined) return undefined
    const text = (await this.#context.source.texts([number])).get(number)
    const id = this.#events.get(number)?.source.event_id ?? ''
    return text === undefined ? undefined : trustedPdu(text, id, this.#rules)
  }

  #redactedBy(eventId: string): EventNid {
    const redaction = this.#context.redactions.get(eventId)
    if (redaction === undefined || !redaction.validated) return NO_NID
    return this.#nidOfId(redaction.redaction_event_id)
  }

  #redactionBy(record: EventRecord): WriteSet['redactions'] {
    const pdu = this.#pdus.get(this.#numberOfId.get(record.eventId) ?? 0)
    if (pdu?.redacts === undefined || pdu.type !== 'm.room.redaction') return []
    const row = this.#context.redactions.get(pdu.redacts)
    const applied = row?.validated === true && row.redaction_event_id === record.eventId
    return [{ redaction: record.nid, roomNid: this.#room.nid, redacts: pdu.redacts, applied }]
  }

  #danglingPrev(record: EventRecord): WriteSet['danglingPrev'] {
    const pdu = this.#pdus.get(this.#numberOfId.get(record.eventId) ?? 0)
    const missing = (pdu?.prevEvents ?? []).filter((prev) => !this.#isInGraph(prev))
    return missing.map((prev) => ({ prev, by: record.nid }))
  }

  #isInGraph(eventId: string): boolean {
    const number = this.#numberOfId.get(eventId)
    return number !== undefined && (this.#events.get(number)?.source.state_snapshot_nid ?? 0) !== 0
  }

  #nidOfId(eventId: string): EventNid {
    return this.#events.get(this.#numberOfId.get(eventId) ?? 0)?.nid ?? NO_NID
  }

  /** Members, invites, and last the room's row, which makes the room whole. */
  async #finish(
    states: ImportedStates,
    converted: ConvertedStates,
    strings: Partial<WriteSet>,
  ): Promise<void> {
    const { source } = this.#context
    const current = await converted.convert(this.#source.state_snapshot_nid)
    const extremities = this.#source.latest_event_nids.flatMap((nid) => this.#events.get(nid)?.nid ?? [])
    const depths = this.#source.latest_event_nids.map((nid) => this.#events.get(nid)?.source.depth ?? 0)
    const members = await source.memberships(this.#source.room_nid)
    const room = {
      nid: this.#room.nid,
      rules: this.#rules,
      nidOfNumber: (number: number) => this.#events.get(number)?.nid ?? NO_NID,
      nidOfId: (eventId: string) => this.#nidOfId(eventId),
    }
    const memberships = await membershipsOf(this.#context, room, members)
    const { invites, events } = await invitesOf(
      this.#context,
      room,
      await source.invites(this.#source.room_nid),
    )
    await this.#commit(
      { ...strings, ...states.takeNew(), memberships, events, invites },
      {
        current: current?.nid ?? NO_NID,
        extremities,
        depth: Math.max(0, ...depths),
        lastSent: this.#events.get(this.#source.last_event_sent_nid)?.nid ?? NO_NID,
      },
    )
  }

  async #commit(parts: Partial<WriteSet>, next: Partial<WriteSet['next']> = {}): Promise<void> {
    const [result] = await this.#context.store.commit([
      { ...NOTHING, room: this.#room, ...parts, next: { ...this.#room, ...next } },
    ])
    if (result?.kind !== 'committed') {
      const why = result?.kind === 'failed' ? result.error : result
      throw new Error(`${this.#source.room_id} could not be stored; is another process using the database?`, {
        cause: why,
      })
    }
    this.#room = { ...this.#room, ...next, revision: result.revision }
  }
}

const NOTHING = {
  eventTypes: [],
  stateKeys: [],
  events: [],
  updates: [],
  danglingPrev: [],
  blocks: [],
  snapshots: [],
  memberships: [],
  invites: [],
  redactions: [],
  journal: [],
  outputs: [],
  transactions: [],
  inboxDone: [],
}

function emptyRoom({ room_id: roomId, room_version: version }: DendriteRoom): RoomRecord {
  return {
    nid: NO_NID,
    roomId,
    version,
    revision: 0,
    extremities: [],
    current: NO_NID,
    lastSent: NO_NID,
    depth: 0,
    outputSeq: 0,
  }
}

function isInGraph(record: EventRecord): boolean {
  return record.before !== NO_NID
}
