import type { RoomInput } from '@roomserver/core'
import type { HistoryPurgeStore, LeaseStore, Logger, PurgeStore } from '@roomserver/types'

/** What rooms are purged with. */
export interface PurgeParts {
  readonly storage: PurgeStore & HistoryPurgeStore & LeaseStore
  readonly input: { readonly blockedRooms: Pick<RoomInput['blockedRooms'], 'refresh'> }
  readonly log: Logger
  /** Whether other processes may use the database. */
  readonly isShared: boolean
  /** Whether outputs are delivered to a message server, and waiting ones are to be before their room is deleted. */
  readonly deliversOutputs: boolean
}
