import type {
  BlockNid,
  EventId,
  EventNid,
  EventTypeNid,
  RoomNid,
  SnapshotNid,
  StateKeyNid,
} from '@roomserver/types'

/**
 * What a computation over a {@link View} lacks before it can go on. Lists may be long; each is loaded in one go, and
 * together with what others need at that moment. What `@roomserver/state` asks for is part of this.
 */
export type Need =
  | { readonly kind: 'events'; readonly nids: readonly EventNid[] }
  | { readonly kind: 'events-by-id'; readonly ids: readonly EventId[] }
  | { readonly kind: 'snapshots'; readonly nids: readonly SnapshotNid[] }
  | { readonly kind: 'blocks'; readonly nids: readonly BlockNid[] }
  /** NIDs of event types. */
  | { readonly kind: 'types'; readonly names: readonly string[] }
  /** Names of event types. */
  | { readonly kind: 'type-names'; readonly nids: readonly EventTypeNid[] }
  /** NIDs of state keys. */
  | { readonly kind: 'state-keys'; readonly texts: readonly string[] }
  /** Texts of state keys. */
  | { readonly kind: 'state-key-texts'; readonly nids: readonly StateKeyNid[] }
  /** Whether an equal block is stored already. */
  | { readonly kind: 'block-hash'; readonly hash: string }
  /** Whether an equal snapshot of the view's room is stored already. */
  | { readonly kind: 'snapshot-hash'; readonly hash: string }
  | { readonly kind: 'several'; readonly needs: readonly Need[] }

/** Needs of many computations put together, each thing once. */
export interface GatheredNeeds {
  readonly events: Set<EventNid>
  readonly eventIds: Set<EventId>
  readonly snapshots: Set<SnapshotNid>
  readonly blocks: Set<BlockNid>
  readonly types: Set<string>
  readonly typeNames: Set<EventTypeNid>
  readonly stateKeys: Set<string>
  readonly stateKeyTexts: Set<StateKeyNid>
  readonly blockHashes: Set<string>
  readonly snapshotHashes: Map<RoomNid, Set<string>>
}

export function noNeeds(): GatheredNeeds {
  return {
    events: new Set(),
    eventIds: new Set(),
    snapshots: new Set(),
    blocks: new Set(),
    types: new Set(),
    typeNames: new Set(),
    stateKeys: new Set(),
    stateKeyTexts: new Set(),
    blockHashes: new Set(),
    snapshotHashes: new Map(),
  }
}

/**
 * Adds a need to others.
 *
 * @param roomNid - the room that snapshot hashes belong to
 */
export function gather(into: GatheredNeeds, need: Need, roomNid: RoomNid): void {
  switch (need.kind) {
    case 'events':
      return addAll(into.events, need.nids)
    case 'events-by-id':
      return addAll(into.eventIds, need.ids)
    case 'snapshots':
      return addAll(into.snapshots, need.nids)
    case 'blocks':
      return addAll(into.blocks, need.nids)
    case 'types':
      return addAll(into.types, need.names)
    case 'type-names':
      return addAll(into.typeNames, need.nids)
    case 'state-keys':
      return addAll(into.stateKeys, need.texts)
    case 'state-key-texts':
      return addAll(into.stateKeyTexts, need.nids)
    case 'block-hash':
      return addAll(into.blockHashes, [need.hash])
    case 'snapshot-hash': {
      const hashes = into.snapshotHashes.get(roomNid) ?? new Set()
      into.snapshotHashes.set(roomNid, hashes.add(need.hash))
      return
    }
    case 'several':
      for (const one of need.needs) gather(into, one, roomNid)
  }
}

function addAll<T>(set: Set<T>, values: readonly T[]): void {
  for (const value of values) set.add(value)
}
