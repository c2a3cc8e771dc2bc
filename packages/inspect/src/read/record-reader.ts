import type { Pdu } from '@roomserver/events'
import type { ResolutionNeed, SnapshotReader } from '@roomserver/state'
import type { EventRecord, EventTypeNid, StateKeyNid } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

/** Records of rooms as far as they are at hand; `undefined` for what has to be loaded first. */
export interface RecordReader extends SnapshotReader {
  /** The name of an event type. */
  typeName(nid: EventTypeNid): string | undefined
  /** The text of a state key. */
  stateKeyText(nid: StateKeyNid): string | undefined
  /** The parsed form of a stored event, as it is shown: of a redacted event what is left of it. */
  pduOf(record: EventRecord, rules: RoomVersionRules): Pdu
}

/** Records that a computation lacks before it can go on. */
export type RecordNeed =
  | ResolutionNeed
  | { readonly kind: 'type-names'; readonly nids: readonly EventTypeNid[] }
  | { readonly kind: 'state-key-texts'; readonly nids: readonly StateKeyNid[] }
