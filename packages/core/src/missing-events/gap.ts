import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import type { RemoteStateIds } from './fetch-state.ts'
import type { RepairParts } from './repair-parts.ts'
import type { ExpectedRoom } from './verify-events.ts'

/** How a gap is closed: by all events in it, or by the state after it. */
export type Way = 'events' | 'state'

/** A gap in the room's graph before an event, and the server that is asked to fill it. */
export interface Gap extends ExpectedRoom {
  readonly parts: RepairParts
  readonly server: string
  readonly event: Pdu
  /** Whether the repair has to end, for want of time or because another server was quicker. */
  readonly isTimeUp: () => boolean
  readonly way: Way
  /** What servers gave of the gap: none is asked for that twice. */
  readonly given: Map<string, Found>
  /** All servers of the repair, and how long the others are waited for when one tells a state, in ms. */
  readonly servers: readonly string[]
  readonly patienceMs: number
  /** What servers tell of the state before an event, by event and server: none is asked for that twice. */
  readonly remoteStates: Map<EventId, Map<string, Promise<RemoteStateIds>>>
}

/** What an attempt to fill a gap works with. */
export type GapAttempt = Pick<Gap, 'isTimeUp' | 'way' | 'given' | 'servers' | 'patienceMs' | 'remoteStates'>

/** What a server gave of the past of an event, each oldest first. */
export interface Found {
  /** Events between what we have of the room and the new one. */
  readonly inside: readonly Pdu[]
  /** What was from before our part of the graph, such as before our users joined. */
  readonly past: readonly Pdu[]
  /** Whether these are the missing events themselves, fetched one by one, and not what lies between. */
  readonly isSingle: boolean
}
