import type { EmbeddedLog, RelayStatus } from '@roomserver/producers'
import type { EngineStore, Logger } from '@roomserver/types'
import type { AtPoint } from '../fault-points.ts'

/** How what is announced leaves the database. */
export interface Outputs extends AsyncDisposable {
  /** Says that outputs were committed. */
  wake(): void
  /** Waits until JetStream has stored an output of a room, for a limited time; undefined: nobody waits. */
  readonly whenDelivered?: (roomId: string, seq: number) => Promise<unknown>
  /** The log to read from; undefined: outputs go to JetStream. */
  readonly log?: EmbeddedLog
  /** What the log takes, without events. */
  readonly logBytes?: () => number
  /** How the relay to JetStream is doing; answers undefined while another process delivers. */
  readonly status?: () => RelayStatus | undefined
  /** Whether any process delivers to JetStream now; undefined: there is only this one. */
  readonly isDelivered?: () => Promise<boolean>
}

/** What outputs are read from, and who shares it. */
export interface OutputSource {
  readonly storage: EngineStore
  /** Whether other processes may use the database. */
  readonly isShared: boolean
  readonly log: Logger
  /** Called when JetStream has stored an output, with how long that took. */
  readonly onPublished?: ((ms: number) => void) | undefined
  /** Called at the points that outputs pass; for crash tests. */
  readonly atPoint?: AtPoint | undefined
}
