import type { InspectionApi } from '@roomserver/api'
import { createInspection } from '@roomserver/inspect'
import { type Clock, silentLogger } from '@roomserver/types'
import { BlockedRooms } from './input/blocked-rooms.ts'
import { processActivity, type WatchedInput } from './inspect/process-activity.ts'
import { RoomFigureCounts } from './inspect/room-figures.ts'
import { storedRooms } from './inspect/stored-rooms.ts'
import type { InspectionReads, Store } from './ports.ts'
import type { RecordCache } from './view/record-cache.ts'

/** What an inspection of stored rooms is put together from. */
export interface RoomInspectionDeps {
  readonly store: Store & InspectionReads
  readonly cache: RecordCache
  readonly clock: Clock
  /** Name of this server. */
  readonly serverName: string
  /** The input of this process; left out: it only reads the store, beside a server or alone. */
  readonly input?: WatchedInput | undefined
  /** Whether outputs are delivered to a message server; no by default. */
  readonly deliversOutputs?: boolean | undefined
}

/** What operators ask about the rooms of a store. Changes nothing. */
export function createRoomInspection({
  cache,
  clock,
  deliversOutputs = false,
  input,
  serverName,
  store,
}: RoomInspectionDeps): InspectionApi {
  const parts = {
    store,
    cache,
    figures: new RoomFigureCounts(store, cache, () => clock.now()),
    blockedRooms: input?.blockedRooms ?? new BlockedRooms({ store, clock, log: silentLogger }),
    process: processActivity({ reads: store, serverName, clock, input, deliversOutputs }),
  }
  return createInspection((gone) => storedRooms(parts, gone))
}
