import type { Clock, EventNid, Logger, LoopShare, RoomId, RoomRecord } from '@roomserver/types'
import type { RoomReader } from '../decide/room-reads.ts'
import type { Store } from '../ports.ts'
import type { RecordCache } from '../view/record-cache.ts'
import type { CommitPacing } from './commit-pacing.ts'
import type { Committer } from './committer.ts'
import type { InputCounters } from './counters.ts'
import type { NewStateKeyHeuristic } from './new-state-key-heuristic.ts'
import type { NidPool } from './nid-pool.ts'
import type { RoomStep } from './room-step.ts'
import type { RoomTask } from './room-tasks.ts'
import type { TaskObserver, WorkObserver } from './work-observer.ts'
import type { RoomsOverExtremityLimit } from './rooms-over-extremity-limit.ts'

/** What all room actors share. */
export interface ActorParts {
  readonly serverName: string
  readonly acceptsEventsForDepartedRooms: boolean
  readonly maxExtremities: number
  readonly store: Store
  readonly cache: RecordCache
  readonly reader: RoomReader
  readonly nids: NidPool
  readonly pacing: CommitPacing
  readonly newStateKeys: NewStateKeyHeuristic
  /** The share of the event loop for deciding. */
  readonly deciding: LoopShare
  readonly committer: Committer
  readonly counters: InputCounters
  readonly overLimit: RoomsOverExtremityLimit
  /** Name of this process among those on the database. */
  readonly holder: string
  readonly clock: Clock
  readonly log: Logger
  /** Called with events whose remote states are to be verified. */
  readonly onRemoteStates: (room: RoomRecord, events: readonly EventNid[]) => void
  /** Told of events that the policy server has to be asked about, and when a room has another one than before. */
  readonly onPolicy: (room: RoomRecord, unchecked: readonly EventNid[], isPolicyChanged: boolean) => void
  /** Called for each step; tests stop the process at one. */
  readonly onStep?: ((step: RoomStep, roomId: RoomId) => void) | undefined
  readonly observer?: WorkObserver | undefined
}

/** A task that waits for its result. */
export interface Job {
  readonly task: RoomTask<unknown>
  /** When it was queued. */
  readonly queuedAt: number
  readonly observe: TaskObserver | undefined
  resolve(result: unknown): void
  reject(error: unknown): void
}
