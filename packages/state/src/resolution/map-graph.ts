import type { StateTuple } from '@roomserver/auth'
import { checkPdu, type Pdu } from '@roomserver/events'
import { type Suspendable, type EventId, invalidArgument, NO_NID, RoomserverError } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { StateMap } from '../state-map.ts'
import { EventNode } from './event-node.ts'
import type { Graph } from './conflicted-state.ts'

/** Whether a resolution can do without auth events that are not known. */
export type UnknownAuthEvents = 'required' | 'ignored'

/** Where a resolution on plain maps finds events. */
export interface EventSource {
  /** The event with this ID; `undefined` where it is not known. */
  readonly events: (id: EventId) => Pdu | undefined
  /** Whether the event was rejected when it was received. */
  readonly isRejected?: ((id: EventId) => boolean) | undefined
}

/** The events of a room, and how they are to be taken. */
export interface GraphSource extends EventSource {
  /** Of which version the events have to be. */
  readonly rules?: RoomVersionRules | undefined
  readonly unknownAuthEvents?: UnknownAuthEvents | undefined
}

/** The state keys of the entries in conflict, by type. */
export type KeysByType = ReadonlyMap<string, ReadonlySet<string>>

/** The graph of events behind plain state maps. Everything is at hand, so it never asks for anything. */
export class MapGraph implements Graph<never> {
  readonly #source: GraphSource
  readonly #common: StateMap
  readonly #conflicted: KeysByType
  readonly #nodes = new Map<EventId, EventNode | undefined>()
  readonly #missing = new Set<EventId>()
  /** Whose room the states are of. */
  #witness: Pdu | undefined = undefined

  /** @param common - any of the state sets: what is not in conflict is the same in all */
  constructor(source: GraphSource, common: StateMap, conflicted: KeysByType) {
    this.#source = source
    this.#common = common
    this.#conflicted = conflicted
  }

  /** The node of an event; `undefined` where it is not known. */
  node(id: EventId): EventNode | undefined {
    const known = this.#nodes.get(id)
    if (known !== undefined || this.#nodes.has(id)) return known
    const pdu = this.#pdu(id)
    const node = pdu === undefined ? undefined : this.#newNode(id, pdu)
    this.#nodes.set(id, node)
    return node
  }

  /**
   * The node of the event that stands in an entry of the state.
   *
   * @throws {RoomserverError} INVALID_ARGUMENT when the event is not of that type with that state key, or of another room than
   *   those before
   */
  entry(type: string, stateKey: string, id: EventId): EventNode | undefined {
    const node = this.#itself(id)
    if (node === undefined) this.#missing.add(id)
    else if (node.pdu.type !== type || node.pdu.stateKey !== stateKey)
      throw invalidArgument(
        'sets',
        `states whose entries hold events of their type and state key, unlike ${id}`,
      )
    else this.#expectSameRoom(node.pdu)
    return node
  }

  /** A create event that founded another room than its state is of has no place in it, where its room ID shows that. */
  #expectSameRoom(pdu: Pdu): void {
    if (pdu.rules.roomId === 'create-hash' && pdu.type === 'm.room.create') return
    const { eventId, roomId } = (this.#witness ??= pdu)
    if (pdu.roomId !== roomId)
      throw invalidArgument(
        'sets',
        `states of one room: ${eventId} is of ${roomId}, ${pdu.eventId} of ${pdu.roomId}`,
      )
  }

  /**
   * Checks that nothing was missing of what was looked at.
   *
   * @throws {RoomserverError} MISSING_EVENTS
   */
  expectWhole(): void {
    if (this.#missing.size === 0) return
    const eventIds = [...this.#missing]
    const roomId = roomOf(this.#nodes.values()) ?? ''
    const named =
      eventIds.length > 5 ? `${eventIds.slice(0, 5).join(', ')} and ${eventIds.length - 5} more` : eventIds
    const message = `the state cannot be resolved without ${String(named)}, which events did not give`
    throw new RoomserverError('MISSING_EVENTS', { roomId, eventIds }, message)
  }

  /** The node of an event that is the one with this ID. @throws {RoomserverError} INVALID_ARGUMENT */
  #itself(id: EventId): EventNode | undefined {
    const node = this.node(id)
    if (node === undefined || node.pdu.eventId === id) return node
    throw invalidArgument('events', `a function that gives ${id} for this ID, not ${node.pdu.eventId}`)
  }

  /** @throws {RoomserverError} INVALID_ARGUMENT when what is given is not an event of the version */
  #pdu(id: EventId): Pdu | undefined {
    const pdu = this.#source.events(id)
    if (pdu === undefined) return undefined
    checkPdu('events', pdu)
    const { rules } = this.#source
    if (rules === undefined || pdu.rules === rules || pdu.rules.version === rules.version) return pdu
    throw invalidArgument(
      'version',
      `the version of the events: ${id} is of ${pdu.rules.version}, not ${rules.version}`,
    )
  }

  /** An auth event that is not known. */
  #lacks(id: EventId): void {
    if (this.#source.unknownAuthEvents !== 'ignored') this.#missing.add(id)
  }

  #newNode(id: EventId, pdu: Pdu): EventNode {
    return new EventNode(this.#nodes.size, {
      id,
      nid: NO_NID,
      isRejected: this.#source.isRejected?.(id) ?? false,
      isPowerLevels: pdu.type === 'm.room.power_levels' && pdu.stateKey === '',
      level: UNRANKED,
      parse: () => pdu,
    })
  }

  /** The auth events of an event; events of another room count as unknown. */
  authOf(node: EventNode): readonly EventNode[] {
    node.auth ??= this.#known(node.pdu).filter(({ pdu }) => pdu.roomId === node.pdu.roomId)
    return node.auth
  }

  /** A create event has no auth events, whatever it lists. */
  #known({ type, stateKey, authEvents }: Pdu): readonly EventNode[] {
    const nodes = new Set<EventNode>()
    if (type === 'm.room.create' && stateKey === '') return []
    for (const id of authEvents) {
      const node = this.#itself(id)
      if (node === undefined) this.#lacks(id)
      else nodes.add(node)
    }
    return [...nodes]
  }

  // oxlint-disable-next-line require-yield -- everything is at hand
  *load(): Suspendable<never, void> {
    return
  }

  /** Levels of everything that is reached, lowest first, without recursion. In a circle the closing reference counts as level 0. */
  rank(nodes: readonly EventNode[]): void {
    const path: EventNode[] = nodes.filter((node) => node.level === UNRANKED)
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      if (node.level === UNRANKED) {
        node.level = OPEN
        for (const cited of this.authOf(node)) if (cited.level === UNRANKED) path.push(cited)
      } else {
        path.pop()
        if (node.level === OPEN) node.level = this.#levelAbove(node)
      }
    }
  }

  #levelAbove(node: EventNode): number {
    let level = 0
    for (const cited of this.authOf(node)) level = Math.max(level, cited.level + 1, 1)
    return level
  }

  // oxlint-disable-next-line require-yield -- everything is at hand
  *entries(tuples: readonly StateTuple[]): Suspendable<never, readonly (EventNode | undefined)[]> {
    return tuples.map(([type, stateKey]) => this.peek(type, stateKey) ?? undefined)
  }

  peek(type: string, stateKey: string): EventNode | null {
    const id = this.#commonId(type, stateKey)
    return (id === undefined ? undefined : this.entry(type, stateKey, id)) ?? null
  }

  // oxlint-disable-next-line require-yield -- everything is at hand
  *withId(id: EventId): Suspendable<never, EventNode | undefined> {
    const node = this.node(id)
    if (node === undefined) this.#lacks(id)
    return node
  }

  holds(node: EventNode): boolean {
    const { type, stateKey } = node.pdu
    return stateKey !== undefined && this.#commonId(type, stateKey) === node.id
  }

  #commonId(type: string, stateKey: string): EventId | undefined {
    return this.#conflicted.get(type)?.has(stateKey) === true
      ? undefined
      : this.#common.get(type)?.get(stateKey)
  }

  /** Walks down from the unconflicted part of the state until all are found, or everything was seen. */
  *citedByCommon(nodes: readonly EventNode[]): Suspendable<never, ReadonlySet<EventNode>> {
    const wanted = new Map(nodes.map((node) => [node.id, node]))
    const found = new Set<EventNode>()
    const seen = new Set<EventId>()
    const open: EventId[] = []
    const citedBy = (id: EventId): void => {
      const citing = this.#pdu(id)
      if (citing === undefined) this.#lacks(id)
      for (const cited of citing?.authEvents ?? []) {
        if (seen.has(cited)) continue
        seen.add(cited)
        open.push(cited)
        const node = wanted.get(cited)
        if (node !== undefined) found.add(node)
      }
    }
    let steps = 0
    for (const [type, keys] of this.#common) {
      const conflicted = this.#conflicted.get(type)
      for (const [stateKey, id] of keys) {
        if (conflicted?.has(stateKey) === true) continue
        citedBy(id)
        for (let next = open.pop(); next !== undefined; next = open.pop()) citedBy(next)
        if (found.size === wanted.size) return found
        if (++steps % EVENTS_PER_YIELD === 0) yield undefined
      }
    }
    return found
  }
}

function roomOf(nodes: Iterable<EventNode | undefined>): string | undefined {
  for (const node of nodes) if (node !== undefined) return node.pdu.roomId
  return undefined
}

const EVENTS_PER_YIELD = 1024
const UNRANKED = -1
const OPEN = -2
