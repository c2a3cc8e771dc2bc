import type { DummyEvents, RoomInput } from '@roomserver/core'
import type { EngineStore, Logger } from '@roomserver/types'
import type { MaintenanceOptions } from '../options.ts'
import { ENGINE_DEFAULTS } from '../options.ts'
import { forgetTransactions } from './forget-transactions.ts'
import { keepExtremitiesMerged } from './merge-extremities.ts'
import { startPurges } from './purge-rooms.ts'
import { resumeInbox } from './resume-inbox.ts'
import { isFileStore, startReturningSpace } from './return-space.ts'
import { isScrubbed, NO_SCRUBBER, type Scrubber, startScrubber } from './scrubber.ts'

/** What the background work is done on. */
export interface MaintainedParts {
  readonly storage: EngineStore
  readonly input: RoomInput
  readonly dummyEvents: DummyEvents
  readonly log: Logger
  /** Whether other processes may use the database. */
  readonly isShared: boolean
  /** Whether outputs are delivered to a message server. */
  readonly deliversOutputs: boolean
}

/** The background work of an engine. */
export interface Maintenance extends AsyncDisposable {
  readonly scrubber: Pick<Scrubber, 'checkedRooms' | 'findings'>
}

/** Starts all that has to be done now and then for as long as an engine is open. */
export function startMaintenance(
  { storage, input, dummyEvents, log, isShared, deliversOutputs }: MaintainedParts,
  options: MaintenanceOptions | false,
): Maintenance {
  const parts = new AsyncDisposableStack()
  if (options === false) {
    return { scrubber: NO_SCRUBBER, [Symbol.asyncDispose]: () => parts.disposeAsync() }
  }
  parts.use(resumeInbox(input, storage, log))
  parts.use(forgetTransactions(storage, log))
  parts.use(keepExtremitiesMerged(dummyEvents))
  const alone = { noticeMs: 0, settleMs: 0 }
  const pace = { ...(isShared ? ENGINE_DEFAULTS.purges : alone), ...options.purges }
  parts.use(startPurges({ storage, input, log, isShared, deliversOutputs }, pace))
  if (isFileStore(storage)) parts.use(startReturningSpace(storage, log))
  const roomsPerMinute = options.scrubbedRoomsPerMinute ?? ENGINE_DEFAULTS.scrubbedRoomsPerMinute
  const scrubber = isScrubbed(storage) ? parts.use(startScrubber(storage, roomsPerMinute, log)) : NO_SCRUBBER
  return { scrubber, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}
