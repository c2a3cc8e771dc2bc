import type { InputRoomEvent, RoomserverApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { Decision, EventInput, Outcome } from '../decide/event-input.ts'
import type { BlockedRooms } from './blocked-rooms.ts'
import type { Checked } from './policy-checks.ts'
import type { RoomTask } from './room-tasks.ts'

/** Runs decisions in the queues of their rooms, and commits them. What layers above need of the input. */
export interface TaskRunner {
  /** Runs a decision in the queue of its room and commits it; for changes of a room that are not events of its graph. */
  runTask<Result>(task: RoomTask<Result>): Promise<Result>
}

/** Decides on events as well. */
export interface EventDecider extends TaskRunner {
  /** Decides on an event, and has the policy server of its room asked where the decision hangs on that. */
  decideOn(input: EventInput, decide: (input: EventInput) => Promise<Decision>): Promise<Outcome>
}

/** Takes events as well. What the operations need of the input. */
export interface EventIngest extends EventDecider {
  readonly inputRoomEvents: RoomserverApi['inputRoomEvents']
  /** The rooms that take no events. */
  readonly blockedRooms: BlockedRooms
  /** Ingests one event and waits for what comes of it. */
  ingest(input: InputRoomEvent): Promise<Outcome>
  /** An event with the signature of its room's policy server, or why it has none; `undefined`: it needs none. */
  signedByPolicyServer(event: Pdu): Promise<Checked | undefined>
}
