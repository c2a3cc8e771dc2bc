import { authTypesFor, type StateTuple } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { EventId, EventNid } from '@roomserver/types'

/** What a graph has to say about an event beyond its place. */
export interface EventFacts {
  readonly id: EventId
  /** 0 where the event comes without a NID. */
  readonly nid: EventNid
  readonly isRejected: boolean
  /** Whether it is the kind of event that makes up the mainline: `m.room.power_levels` with the state key `""`. */
  readonly isPowerLevels: boolean
  /** One more than the greatest level among its auth events; 0 without any, -1 while it is not known. */
  readonly level: number
  readonly parse: () => Pdu
}

/** An event as one resolution sees it. Nodes live as long as the resolution and stand for their event by identity. */
export class EventNode {
  readonly id: EventId
  readonly nid: EventNid
  readonly isRejected: boolean
  readonly isPowerLevels: boolean
  /** Number among the nodes of its graph: 0, 1, 2 … */
  readonly index: number
  level: number
  /** Its auth events, each once; set when first needed. */
  auth: readonly EventNode[] | undefined = undefined
  #pdu: Pdu | undefined = undefined
  #tuples: readonly StateTuple[] | undefined = undefined
  readonly #parse: () => Pdu

  constructor(index: number, facts: EventFacts) {
    this.index = index
    this.id = facts.id
    this.nid = facts.nid
    this.isRejected = facts.isRejected
    this.isPowerLevels = facts.isPowerLevels
    this.level = facts.level
    this.#parse = facts.parse
  }

  /** The parsed event; parsed when it is first asked for. */
  get pdu(): Pdu {
    this.#pdu ??= this.#parse()
    return this.#pdu
  }

  /** The entries of the state that decide about it. */
  get tuples(): readonly StateTuple[] {
    this.#tuples ??= authTypesFor(this.pdu, this.pdu.rules)
    return this.#tuples
  }
}

/** The power levels event among the auth events of an event. */
export function powerLevelsAmong(auth: readonly EventNode[]): EventNode | undefined {
  return auth.find((node) => node.isPowerLevels)
}
