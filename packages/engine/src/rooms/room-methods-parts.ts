import type { RoomserverApi } from '@roomserver/api'
import type { RoomserverWithMaintenance } from '@roomserver/core'
import type { EngineStore } from '@roomserver/types'
import type { Outputs } from '../outputs/outputs.ts'

/** What the methods work with. */
export interface RoomMethodsParts extends Pick<RoomserverWithMaintenance, 'users' | 'timeline'> {
  readonly operations: RoomserverApi
  readonly serverName: string
  /** Whether there is a federation component. */
  readonly isFederated: boolean
  readonly storage: Pick<EngineStore, 'latestOutput'>
  readonly outputs: Pick<Outputs, 'log'>
  /** Aborted when the engine is about to close. */
  readonly closing: AbortSignal
}
