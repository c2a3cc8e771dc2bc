import type { FederationApi, UserApi } from '@roomserver/api'
import type { SigningKey } from '@roomserver/events'
import type { Clock, Logger } from '@roomserver/types'
import type { EventIngest } from '../input/task-runner.ts'
import type { QueryContext } from '../query/context.ts'
import type { RoomMutex } from './room-mutex.ts'

/** As much of the input as operations take. */
export type PerformInput = EventIngest

/** What operations that change rooms work with. */
export interface PerformContext extends QueryContext {
  readonly clock: Clock
  readonly log: Logger
  /** Signs the events that we make. */
  readonly signingKey: SigningKey
  /** Ingests events, and changes of a room that are not events of its graph. */
  readonly input: PerformInput
  /** `undefined`: no such component; what needs it is refused, in words that say so. */
  readonly federation: FederationApi | undefined
  readonly user: UserApi | undefined
  /** Unguessable text of letters and digits, for IDs. */
  readonly randomId: (length: number) => string
  readonly mutex: RoomMutex
}
