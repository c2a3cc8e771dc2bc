import type { Suspendable, EventId, RoomId, RoomVersionId } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'

/** What of an event that comes in is looked up in the store. */
export interface Arrival {
  readonly eventId: EventId
  /** The events that it names. */
  readonly names: readonly EventId[]
  readonly stateKey: string | undefined
  /** Whether it is likely that nobody has heard of it yet. */
  readonly isNew: boolean
}

/** Something to be decided about a room: an event that came in, or a command of an operation that changes the room. */
export interface RoomTask<Result> {
  readonly roomId: RoomId
  /** The version of the room if it is not known here yet. */
  readonly version: RoomVersionId
  /** Whether the version is certain, as that of a create event is: an invite into a room may have claimed another. */
  readonly settlesVersion?: boolean | undefined
  /** For logs: what is being done, with the event's ID. */
  readonly name: string
  /** What it takes while it waits, in bytes; bounded over all rooms. */
  readonly bytes: number
  /** An event that comes in, and what it names: read together with that of other tasks. */
  readonly arrival?: Arrival | undefined
  decide(draft: Draft): Suspendable<DecideNeed, Result>
  /** Called with the room's last output when it is committed. */
  committed?(outputSeq: number): void
  /** The position in the durable inbox that is settled by this result. */
  settles?(result: Result): number | undefined
}
