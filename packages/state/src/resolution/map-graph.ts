import type { StateTuple } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventId, NO_NID } from '@roomserver/types'
import type { StateMap } from '../state-map.ts'
import { EventNode } from './event-node.ts'
import type { Graph } from './conflicted-state.ts'

/** Where a resolution on plain maps finds events. */
export interface EventSource {
  /** The event with this ID; `undefined` where nobody knows it. IDs are taken as they stand. */
  readonly events: (id: EventId) => Pdu | undefined
  /** Whether the event was rejected when it was received. */
  readonly isRejected?: ((id: EventId) => boolean) | undefined
}

/** The state keys of the entries in conflict, by type. */
export type KeysByType = ReadonlyMap<string, ReadonlySet<string>>

/** The graph of events behind plain state maps. Everything is at hand, so it never asks for anything. */
export class MapGraph implements Graph<never> {
  readonly #source: EventSource
  readonly #common: StateMap
  readonly #conflicted: KeysByType
  readonly #nodes = new Map<EventId, EventNode | undefined>()

  /** @param common - any of the state sets: what is not in conflict is the same in all */
  constructor(source: EventSource, common: StateMap, conflicted: KeysByType) {
    this.#source = source
    this.#common = common
    this.#conflicted = conflicted
  }

  /** The node of an event; `undefined` where nobody knows it. */
  node(id: EventId): EventNode | undefined {
    const known = this.#nodes.get(id)
    if (known !== undefined || this.#nodes.has(id)) return known
    const pdu = this.#source.events(id)
    const node = pdu === undefined ? undefined : this.#newNode(id, pdu)
    this.#nodes.set(id, node)
    return node
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
      const node = this.node(id)
      if (node !== undefined) nodes.add(node)
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
    return (id === undefined ? undefined : this.node(id)) ?? null
  }

  // oxlint-disable-next-line require-yield -- everything is at hand
  *withId(id: EventId): Suspendable<never, EventNode | undefined> {
    return this.node(id)
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
      for (const cited of this.#source.events(id)?.authEvents ?? []) {
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

const EVENTS_PER_YIELD = 1024
const UNRANKED = -1
const OPEN = -2
