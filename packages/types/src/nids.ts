import type { Brand } from './ids.ts'

/** Numeric stand-ins for Matrix strings. A NID is never 0; 0 means "there is none". They mean nothing outside of their store. */
export type RoomNid = Brand<number, 'RoomNid'>
/** Number of an event in this store. */
export type EventNid = Brand<number, 'EventNid'>
/** Number of an event type in this store. */
export type EventTypeNid = Brand<number, 'EventTypeNid'>
/** Number of a state key in this store. */
export type StateKeyNid = Brand<number, 'StateKeyNid'>
/** Number of a state snapshot in this store. */
export type SnapshotNid = Brand<number, 'SnapshotNid'>
/** Number of a state block in this store. */
export type BlockNid = Brand<number, 'BlockNid'>

/** The kinds of NID that a store hands out. */
export interface Nids {
  readonly room: RoomNid
  readonly event: EventNid
  readonly eventType: EventTypeNid
  readonly stateKey: StateKeyNid
  readonly snapshot: SnapshotNid
  readonly block: BlockNid
}

/** "There is none", in any of the kinds. */
export const NO_NID = 0 as RoomNid & EventNid & EventTypeNid & StateKeyNid & SnapshotNid & BlockNid

/** Event types whose NIDs are the same in every store. */
export const EVENT_TYPE_NIDS: ReadonlyMap<string, EventTypeNid> = new Map(
  [
    'm.room.create',
    'm.room.power_levels',
    'm.room.join_rules',
    'm.room.third_party_invite',
    'm.room.member',
    'm.room.redaction',
    'm.room.history_visibility',
  ].map((type, index) => [type, (index + 1) as EventTypeNid]),
)

/** The NID of the state key `""`. */
export const EMPTY_STATE_KEY_NID = 1 as StateKeyNid

/** Where NIDs handed out by a store begin, so that more can be preassigned later. */
export const FIRST_FREE_NID = 65_536
