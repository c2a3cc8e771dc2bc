import type { RoomChanges } from '../open/server-changes.ts'

/** What every form that changes a room is given. */
export interface ChangeProps {
  readonly changes: RoomChanges
  readonly roomId: string
  /** Whom the audit log is to name. */
  readonly requester: string
}
