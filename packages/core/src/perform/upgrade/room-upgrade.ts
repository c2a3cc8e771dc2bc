import type { RoomRecord, UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

/** An upgrade requested by a user with permission. */
export interface RoomUpgrade {
  readonly room: RoomRecord
  readonly userId: UserId
  /** Rules of the new room. */
  readonly rules: RoomVersionRules
}
