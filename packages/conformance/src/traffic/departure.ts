import type { Pdu } from '@roomserver/events'
import type { JsonValue } from '@roomserver/types'
import type { Announcements } from './announcements.ts'
import type { Difference } from './compare.ts'
import type { Standing } from './room-truth.ts'

/** A difference as the replay found it, for the table of expected departures to judge. */
export interface Finding {
  /** Path of the call, or `output <kind>`. */
  readonly of: string
  readonly request: JsonValue
  readonly expectedStatus?: number
  readonly gotStatus?: number
  readonly problem: 'status' | 'answer' | 'missing' | 'extra' | 'content' | 'order'
  readonly difference?: Difference
  readonly expected: JsonValue | undefined
  readonly got: JsonValue | undefined
}

/** What the specification makes of the recorded events. */
export interface Truth {
  /** Rooms whose state the recorded server had wrong by then. */
  readonly resets: readonly string[]
  readonly stateAfter: (roomId: string, eventIds: readonly string[]) => ReadonlyMap<string, Pdu> | undefined
  /** The types of all events up to these; `undefined` where the recording does not have all of them. */
  readonly typesUpTo: (eventIds: readonly string[]) => ReadonlySet<string> | undefined
  /** Where a room stands at the moment of the finding; `undefined` where the recording does not tell. */
  readonly standing: (roomId: string) => Standing | undefined
  /** Where a room stands after an input. */
  readonly standingAfter: (roomId: string, eventId: string) => Standing | undefined
  readonly isAccepted: (roomId: string, eventId: string) => boolean
  /** Whether an event is in the graph of its room, and rejected or soft-failed. */
  readonly isRefused: (roomId: string, eventId: string) => boolean
  /** Whether other servers gave an event when they were asked for the past of a room. */
  readonly isFetched: (eventId: string) => boolean
  /** Whether it came with a backfill of the recorded server. */
  readonly isBackfilled: (eventId: string) => boolean
  /** What the recorded server announced, in the whole recording. */
  readonly recorded: Announcements
  /** What ours announced, once everything is replayed. */
  readonly ours: Announcements
}

/** A way in which we depart from the recorded server on purpose. */
export interface Departure {
  readonly id: string
  /** Why, and on which section of the specification (or contract) it rests. */
  readonly reason: string
  readonly applies: (finding: Finding, truth: Truth) => boolean
}

/** Whether both are known, and have the same members. */
export function isSameSet(
  one: ReadonlySet<string> | undefined,
  other: ReadonlySet<string> | undefined,
): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.size === other.size &&
    [...one].every((id) => other.has(id))
  )
}
