import type { RoomRecord, SnapshotNid } from '@roomserver/types'
import type { QueryContext } from './context.ts'

/** How answers hold the lists that grow with their room: as elements, or written. */
export interface WholeLists<Events, Members> {
  /** All events of a state. */
  state(context: QueryContext, room: RoomRecord, snapshot: SnapshotNid): Promise<Events>
  /** The auth chain of a whole state: what its events cite, what that cites, and so on. */
  authChain(context: QueryContext, room: RoomRecord, snapshot: SnapshotNid): Promise<Events>
  /** The joined members, by the current state. */
  joined(context: QueryContext, room: RoomRecord): Promise<Members>
}
