import type { Pdu } from '@roomserver/events'
import type {
  EventId,
  EventNid,
  EventRecord,
  EventTypeNid,
  SnapshotNid,
  SnapshotRecord,
  StateKeyNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { BlockNeed, BlockReader } from '../snapshot/reader.ts'

/** Where a resolution over snapshots finds the records that are available. */
export interface SnapshotReader extends BlockReader {
  /** The event; `undefined` when it has to be loaded first, or was loaded and does not exist. */
  event(nid: EventNid): EventRecord | undefined
  /** The event with this ID; `null`: it is not stored, `undefined`: has to be looked up first. */
  eventById(id: EventId): EventRecord | null | undefined
  /** The snapshot; `undefined` as with events. */
  snapshot(nid: SnapshotNid): SnapshotRecord | undefined
  /** The parsed form of an event as the authorization rules read it, whatever a redaction took away of it since. */
  authPduOf(record: EventRecord, rules: RoomVersionRules): Pdu
  /** The NID of an event type; `null`: no stored event has it, `undefined`: has to be looked up first. */
  typeNid(name: string): EventTypeNid | null | undefined
  /** The NID of a state key; `null`: no stored event has it, `undefined`: has to be looked up first. */
  stateKeyNid(text: string): StateKeyNid | null | undefined
}

/** What a resolution over snapshots lacks before it can go on. */
export type ResolutionNeed =
  | BlockNeed
  | { readonly kind: 'events'; readonly nids: readonly EventNid[] }
  | { readonly kind: 'events-by-id'; readonly ids: readonly EventId[] }
  | { readonly kind: 'snapshots'; readonly nids: readonly SnapshotNid[] }
  | { readonly kind: 'types'; readonly names: readonly string[] }
  | { readonly kind: 'state-keys'; readonly texts: readonly string[] }
