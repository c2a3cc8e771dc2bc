import type { StateTuple } from '@roomserver/auth'
import {
  type Suspendable,
  type BlockNid,
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventId,
  type EventNid,
  type EventRecord,
  isRejected,
  NO_NID,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { type Entries, findEvent } from '../snapshot/entries.ts'
import { citedByCommonPart } from './common-citations.ts'
import { EventNode } from './event-node.ts'
import type { Graph } from './conflicted-state.ts'
import type { ResolutionNeed, SnapshotReader } from './snapshot-reader.ts'

/** The part of the state that is in no conflict, as blocks have it. */
export interface CommonState {
  /** A state that holds all of it but what `agreed` adds. */
  readonly blocks: readonly BlockNid[]
  /** The entries of these blocks. */
  readonly layers: readonly Entries[]
  /** Entries that only some of the states have, without being in conflict. */
  readonly agreed: Entries
  /** Whether an entry is in conflict, whatever the layers say of it. */
  readonly isConflicted: (typeNid: number, stateKeyNid: number) => boolean
}

const POWER_LEVELS = EVENT_TYPE_NIDS.get('m.room.power_levels')

const NODES_PER_YIELD = 1024

/** The graph of events behind state snapshots. */
export class SnapshotGraph implements Graph<ResolutionNeed> {
  #reader: SnapshotReader
  readonly #rules: RoomVersionRules
  readonly #common: CommonState
  /** `undefined`: was asked for and does not exist. */
  readonly #nodes = new Map<EventNid, EventNode | undefined>([[NO_NID, undefined]])
  readonly #records: EventRecord[] = []
  /** Entries of the unconflicted part that were asked for before, by type and state key. */
  readonly #entries = new Map<string, Map<string, EventNode | null>>()

  constructor(reader: SnapshotReader, rules: RoomVersionRules, common: CommonState) {
    this.#reader = reader
    this.#rules = rules
    this.#common = common
  }

  /** Takes what it needs from this reader from now on. */
  readFrom(reader: SnapshotReader): void {
    this.#reader = reader
  }

  /** How many events were made into nodes. */
  get size(): number {
    return this.#records.length
  }

  /** The node of an event that was fetched; `undefined` where it does not exist. */
  node(nid: EventNid): EventNode | undefined {
    return this.#nodes.get(nid)
  }

  /** Of an event that was made into a node. */
  recordOf(node: EventNode): EventRecord | undefined {
    return this.#records[node.index]
  }

  /** Makes nodes of events; asks for all missing ones at once. */
  *fetch(nids: Iterable<EventNid>): Suspendable<ResolutionNeed, void> {
    const missing: EventNid[] = []
    let steps = 0
    for (const nid of nids) {
      if (!this.#isKnown(nid)) missing.push(nid)
      if (++steps % NODES_PER_YIELD === 0) yield undefined
    }
    if (missing.length === 0) return
    yield { kind: 'events', nids: missing }
    for (const nid of missing) if (!this.#isKnown(nid)) this.#nodes.set(nid, undefined)
  }

  /** Whether the node is there, or cannot be; makes it from what is at hand. */
  #isKnown(nid: EventNid): boolean {
    if (this.#nodes.has(nid)) return true
    const record = this.#reader.event(nid)
    if (record === undefined) return false
    this.#nodes.set(nid, this.#newNode(record))
    return true
  }

  #newNode(record: EventRecord): EventNode {
    const node = new EventNode(this.#records.length, {
      id: record.eventId,
      nid: record.nid,
      isRejected: isRejected(record.verdict),
      isPowerLevels: record.typeNid === POWER_LEVELS && record.stateKeyNid === EMPTY_STATE_KEY_NID,
      level: record.authLevel,
      parse: () => this.#reader.authPduOf(record, this.#rules),
    })
    this.#records.push(record)
    return node
  }

  *withId(id: EventId): Suspendable<ResolutionNeed, EventNode | undefined> {
    if (this.#reader.eventById(id) === undefined) yield { kind: 'events-by-id', ids: [id] }
    const nid = this.#reader.eventById(id)?.nid ?? NO_NID
    yield* this.fetch([nid])
    return this.node(nid)
  }

  /** The auth events of an event; events of another room count as unknown. */
  authOf(node: EventNode): readonly EventNode[] | undefined {
    if (node.auth !== undefined) return node.auth
    const auth = new Set<EventNode>()
    const record = this.recordOf(node)
    for (const nid of record?.authNids ?? []) {
      if (!this.#isKnown(nid)) return undefined
      const cited = this.#nodes.get(nid)
      if (cited !== undefined && this.recordOf(cited)?.roomNid === record?.roomNid) auth.add(cited)
    }
    node.auth = [...auth]
    return node.auth
  }

  *load(nodes: readonly EventNode[]): Suspendable<ResolutionNeed, void> {
    const cited = new Set<EventNid>()
    let steps = 0
    for (const node of nodes) {
      for (const nid of this.recordOf(node)?.authNids ?? []) cited.add(nid)
      if (++steps % NODES_PER_YIELD === 0) yield undefined
    }
    yield* this.fetch(cited)
  }

  /** Levels come with the records. */
  rank(): void {
    return
  }

  *entries(tuples: readonly StateTuple[]): Suspendable<ResolutionNeed, readonly (EventNode | undefined)[]> {
    const unknown = tuples.filter(([type, stateKey]) => this.peek(type, stateKey) === undefined)
    if (unknown.length > 0) yield* this.#learnEntries(unknown)
    return tuples.map(([type, stateKey]) => this.peek(type, stateKey) ?? undefined)
  }

  peek(type: string, stateKey: string): EventNode | null | undefined {
    return this.#entries.get(type)?.get(stateKey)
  }

  *#learnEntries(tuples: readonly StateTuple[]): Suspendable<ResolutionNeed, void> {
    yield* this.#learnNids(tuples)
    const nids = tuples.map(([type, stateKey]) => {
      const typeNid = this.#reader.typeNid(type) ?? NO_NID
      const stateKeyNid = this.#reader.stateKeyNid(stateKey) ?? NO_NID
      return this.commonEvent(typeNid, stateKeyNid)
    })
    yield* this.fetch(nids)
    for (const [index, [type, stateKey]] of tuples.entries()) {
      let keys = this.#entries.get(type)
      if (keys === undefined) this.#entries.set(type, (keys = new Map()))
      keys.set(stateKey, this.#nodes.get(nids[index] ?? NO_NID) ?? null)
    }
  }

  *#learnNids(tuples: readonly StateTuple[]): Suspendable<ResolutionNeed, void> {
    const names = tuples.map(([type]) => type).filter((name) => this.#reader.typeNid(name) === undefined)
    if (names.length > 0) yield { kind: 'types', names }
    const texts = tuples.map(([, key]) => key).filter((key) => this.#reader.stateKeyNid(key) === undefined)
    if (texts.length > 0) yield { kind: 'state-keys', texts }
  }

  /** The event of an entry in the unconflicted part of the state; 0: none. */
  commonEvent(typeNid: number, stateKeyNid: number): EventNid {
    if (typeNid === NO_NID || stateKeyNid === NO_NID) return NO_NID
    const { agreed, isConflicted } = this.#common
    if (isConflicted(typeNid, stateKeyNid)) return NO_NID
    const added = findEvent(agreed, typeNid, stateKeyNid)
    return added ?? this.layersEvent(typeNid, stateKeyNid)
  }

  /** What the layers have for an entry, be it in conflict or not; 0: nothing. */
  layersEvent(typeNid: number, stateKeyNid: number): EventNid {
    const { layers } = this.#common
    for (let index = layers.length - 1; index >= 0; index--) {
      const layer = layers[index]
      const event = layer === undefined ? undefined : findEvent(layer, typeNid, stateKeyNid)
      if (event !== undefined) return event
    }
    return NO_NID
  }

  holds(node: EventNode): boolean {
    const record = this.recordOf(node)
    return record !== undefined && this.commonEvent(record.typeNid, record.stateKeyNid) === node.nid
  }

  *citedByCommon(nodes: readonly EventNode[]): Suspendable<ResolutionNeed, ReadonlySet<EventNode>> {
    const records = nodes.map((node) => this.recordOf(node)).filter((record) => record !== undefined)
    const { blocks } = this.#common
    const found = yield* citedByCommonPart(
      records,
      { blocks, event: (type, stateKey) => this.commonEvent(type, stateKey) },
      this.#reader,
    )
    return new Set(nodes.filter((node) => found.has(node.nid)))
  }
}
