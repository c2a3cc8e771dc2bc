import type { Pdu, PolicyServer } from '@roomserver/events'
import type { EventId, RoomserverError, TransactionRecord, Verdict } from '@roomserver/types'

/**
 * How an event comes in: `outlier` is stored outside the room's graph, `new` goes to the end of the graph and is
 * announced, `old` fills history in.
 */
export type EventKind = 'outlier' | 'new' | 'old'

/** Whether the policy server of a room has signed an event: what was found out about that outside the room's queue. */
export interface PolicyCheck {
  /** The policy server that was asked for; `any`: the room's changed too often to go on asking. */
  readonly policy: PolicyServer | 'any'
  readonly passed: boolean
  /** Why it has not passed: for those who sent the event, in the policy server's words where it said any. */
  readonly reason: string
}

/** What the acceptance check of this server says about an event. */
export type AcceptanceVerdict =
  | { readonly accepted: true }
  /** The reason is stored with the event, and told to who sends it here. */
  | { readonly accepted: false; readonly reason: string }

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
  /** Its content does not have the hash that it names, so that `pdu` is its redacted form. */
  readonly contentChanged?: boolean | undefined
  /** Which server is to send the event on; empty: none of them. */
  readonly sendAsServer: string
  /** Somebody asked for this `old` event and gets it in the answer: it is not announced. */
  readonly isAskedFor?: boolean | undefined
  /** Made by this server: refused, and not stored, where the policy server of the room does not sign it. */
  readonly isOurs?: boolean | undefined
  /** Whether the policy server has signed it; left out: nobody has looked. */
  readonly policy?: PolicyCheck | undefined
  /** What the acceptance check says; left out: there is none. */
  readonly acceptance?: AcceptanceVerdict | undefined
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
      /** Its content did not have the hash that it names: what is stored is its redacted form. */
      readonly contentChanged?: boolean | undefined
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

/** Whether the policy server of its room has signed an event has to be found out first; nothing was stored. */
export interface Unchecked {
  readonly kind: 'unchecked'
  readonly policy: PolicyServer
  /** Whether it may be asked; otherwise only the signature that the event came with is looked at. */
  readonly mayAsk: boolean
}

/** What a decision comes to: what became of the event, or what has to be found out outside the room's queue. */
export type Decision = Outcome | Unchecked
