import type { EventRecord } from '@roomserver/types'
import type { SimulatedServer } from './simulated-server.ts'

/** What a server holds of a room. */
export interface Held {
  readonly server: SimulatedServer
  readonly roomId: string
  /** Events in its graph. */
  readonly records: ReadonlyMap<string, EventRecord>
  /** Those of them at remote state, since not all of their past is here. */
  readonly remote: ReadonlySet<string>
  readonly extremities: readonly string[]
  readonly current: readonly string[]
  /** Memberships of its table, `user membership`. */
  readonly members: readonly string[]
  /** Users who rejected an invite of which no server could be told: the room still has them invited. */
  readonly unseen: ReadonlySet<string>
}
