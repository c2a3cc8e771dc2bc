import type { EventId } from '@roomserver/types'
import type { EventInput } from '../decide/event-input.ts'

/** What an event builds on and nobody here knows. */
export interface MissingEvents {
  readonly auth: readonly EventId[]
  readonly prev: readonly EventId[]
  readonly state: readonly EventId[]
}

/** What came of fetching. */
export type Fetched =
  /** What was missing is stored now, or enough of it. */
  | { readonly kind: 'filled' }
  /** The gap is too large; this is the state before the event, whose events are stored now. */
  | { readonly kind: 'state'; readonly eventIds: readonly EventId[] }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Gets events that an input builds on from other servers and gives them to the room on the ordinary way. Called outside
 * the room's queue: other events of the room go on meanwhile.
 *
 * @param origin - the server that sent us the event; empty: not known
 */
export type FetchMissing = (input: EventInput, missing: MissingEvents, origin: string) => Promise<Fetched>
