import {
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  finish,
  NO_NID,
  type SnapshotRecord,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'
import { allEntries, eachEntry, type SnapshotReader } from '../src/index.ts'
import { MemoryBlocks } from './memory-blocks.ts'
import type { TestRoom } from './room.ts'

/** The events of a {@link TestRoom} as records, and snapshots of its states, in memory. */
export class TestStore extends MemoryBlocks implements SnapshotReader {
  readonly #room: TestRoom
  readonly #rejected: readonly EventId[]
  readonly #ids: EventId[] = ['']
  readonly #types = new Map<string, number>(EVENT_TYPE_NIDS)
  readonly #keys = new Map<string, number>([['', EMPTY_STATE_KEY_NID]])
  readonly #lost = new Set<EventId>()

  constructor(room: TestRoom, rejected: readonly EventId[] = []) {
    super()
    this.#room = room
    this.#rejected = rejected
  }

  /** A state: another one with these events entered. */
  enter(base: SnapshotRecord | undefined, ids: string): SnapshotRecord {
    return this.apply(
      base,
      ids.split(' ').map((id) => this.#entry(id)),
    )
  }

  /** The events of a state, sorted. */
  idsIn(snapshot: SnapshotRecord): readonly EventId[] {
    const entries = [...eachEntry(finish(allEntries(snapshot, this)))]
    return this.idsOf(entries.map(({ event }) => event)).toSorted()
  }

  idsOf(nids: EventNid | readonly EventNid[]): readonly EventId[] {
    return [nids].flat().flatMap((nid) => (nid === NO_NID ? [] : (this.#ids[nid] ?? '')))
  }

  /** Forgets an event, as a damaged store has. */
  lose(id: EventId): void {
    this.#lost.add(id)
  }

  #entry(id: EventId): StateEntry {
    const { nid, stateKeyNid, typeNid } = this.#record(id)
    return { type: typeNid, stateKey: stateKeyNid, event: nid }
  }

  #nidOf(id: EventId): EventNid {
    if (!this.#ids.includes(id)) this.#ids.push(id)
    return this.#ids.indexOf(id) as EventNid
  }

  #record(id: EventId): EventRecord {
    const pdu = this.#room.events(id)
    if (pdu === undefined) throw new Error(`no event ${id}`)
    const { authEvents, depth, eventId, json, stateKey = '', type } = pdu
    const levels = authEvents.map((cited) => 1 + this.#record(cited).authLevel)
    return {
      nid: this.#nidOf(id),
      roomNid: this.roomNid,
      eventId,
      typeNid: intern(this.#types, type) as EventTypeNid,
      stateKeyNid: intern(this.#keys, stateKey) as StateKeyNid,
      depth,
      authLevel: Math.max(0, ...levels),
      authNids: authEvents.map((cited) => this.#nidOf(cited)),
      verdict: this.#rejected.includes(id) ? 'rejected-by-state' : 'accepted',
      before: NO_NID,
      after: NO_NID,
      redactedBy: NO_NID,
      json,
    }
  }

  readonly typeNid: SnapshotReader['typeNid'] = (name) =>
    (this.#types.get(name) ?? null) as EventTypeNid | null
  readonly stateKeyNid: SnapshotReader['stateKeyNid'] = (text) =>
    (this.#keys.get(text) ?? null) as StateKeyNid | null

  readonly snapshot: SnapshotReader['snapshot'] = () => undefined

  readonly event: SnapshotReader['event'] = (nid) => {
    const id = this.#ids[nid] ?? ''
    return this.#lost.has(id) ? undefined : this.#record(id)
  }

  readonly eventById: SnapshotReader['eventById'] = (id) =>
    this.#lost.has(id) || this.#room.events(id) === undefined ? null : this.#record(id)

  readonly authPduOf: SnapshotReader['authPduOf'] = ({ eventId }) => {
    const pdu = this.#room.events(eventId)
    if (pdu === undefined) throw new Error(`no event ${eventId}`)
    return pdu
  }
}

function intern(nids: Map<string, number>, text: string): number {
  const known = nids.get(text) ?? 65_536 + nids.size
  nids.set(text, known)
  return known
}
