import type { HeaderedEvent } from '@roomserver/api'
import type { EventNid, RoomRecord, SnapshotNid } from '@roomserver/types'
import type { QueryContext } from './context.ts'

/** How answers hold the lists that grow with their room: as elements, or written. */
export interface WholeLists<Events, Members> {
  /** Events of a room, in their order. Few of them are elements in any case. */
  events(
    context: QueryContext,
    room: RoomRecord,
    nids: readonly EventNid[],
  ): Promise<Events | readonly HeaderedEvent[]>
  /** All events of a state. */
  state(context: QueryContext, room: RoomRecord, snapshot: SnapshotNid): Promise<Events>
  /** The auth chain of a whole state: what its events reference, what that references, and so on. */
  authChain(context: QueryContext, room: RoomRecord, snapshot: SnapshotNid): Promise<Events>
  /** Membership events of a room as clients get them. */
  members(
    context: QueryContext,
    room: RoomRecord,
    nids: readonly EventNid[],
    filter: { readonly joinedOnly: boolean },
  ): Promise<Members>
  /** The joined members, by the current state. */
  joined(context: QueryContext, room: RoomRecord): Promise<Members>
}
