import type { Pdu } from '@roomserver/events'
import type { EventId, RoomserverError, TransactionRecord, Verdict } from '@roomserver/types'

/**
 * How an event comes in: `outlier` is stored outside the room's graph, `new` goes to the end of the graph and is
 * announced, `old` fills history in.
 */
export type EventKind = 'outlier' | 'new' | 'old'

/** A parsed event and what its sender says about it. */
export interface EventInput {
  readonly kind: EventKind
  readonly pdu: Pdu
  /**
   * The state before the event, where it was given from outside: `rewrite` replaces what is known of the room (a
   * join through another server, while no user of ours is in the room; else it is taken for the other), `repair` stands
   * in for prev events that are missing: it is resolved with the states after the others, and lets the event in or has it
   * wait for its past, but never has it rejected.
   */
  readonly stateBefore?:
    | { readonly by: 'rewrite' | 'repair'; readonly eventIds: readonly EventId[] }
    | undefined
  /** Which server is to send the event on; empty: none of them. */
  readonly sendAsServer: string
  /** Somebody asked for this `old` event and gets it in the answer: it is not announced. */
  readonly isAskedFor?: boolean | undefined
  readonly transaction?: Pick<TransactionRecord, 'sessionId' | 'transactionId'> | undefined
}

/** What became of an event. */
export type Outcome =
  | {
      readonly kind: 'stored'
      readonly eventId: EventId
      readonly verdict: Verdict
      readonly rule?: string | undefined
      readonly reason?: string | undefined
      /** It was stored before; nothing has changed. */
      readonly known: boolean
    }
  /** Events that it builds on are not known; nothing was stored. */
  | {
      readonly kind: 'missing'
      readonly auth: readonly EventId[]
      readonly prev: readonly EventId[]
      readonly state: readonly EventId[]
    }
  /** Nothing was stored. */
  | { readonly kind: 'refused'; readonly error: RoomserverError }
