import { hash } from 'node:crypto'
import { type AllocatorNeed, applyChanges, type BlockNeed, type BlockReader, lookup } from '@roomserver/state'
import type { Storage } from '@roomserver/storage'
import {
  type Suspendable,
  type BlockNid,
  type BlockRecord,
  type EventNid,
  type Nids,
  type RoomNid,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
} from '@roomserver/types'
import type { NidSupply } from './nid-supply.ts'

/**
 * The states of one room, divided into new blocks. A snapshot of the source is turned into one of ours by its difference
 * to the one before, so that what they share is neither read nor written again.
 */
export class ImportedStates {
  readonly #nids: NidSupply
  readonly #store: Storage
  readonly #roomNid: RoomNid
  readonly #blocks = new Map<BlockNid, BlockRecord>()
  readonly #blocksByHash = new Map<string, BlockNid>()
  readonly #snapshots = new Map<string, SnapshotRecord>()
  readonly #snapshotNids = new Map<string, SnapshotNid>()
  #newBlocks: BlockRecord[] = []
  #newSnapshots: SnapshotRecord[] = []

  constructor(store: Storage, nids: NidSupply, roomNid: RoomNid) {
    this.#store = store
    this.#nids = nids
    this.#roomNid = roomNid
  }

  readonly #reader: BlockReader = { block: (nid) => this.#blocks.get(nid) }

  /** A state with changes made to it; `undefined` is the empty one. */
  async change(base: SnapshotRecord | undefined, changes: readonly StateEntry[]): Promise<SnapshotRecord> {
    const allocator = {
      roomNid: this.#roomNid,
      sha256: (bytes: Uint8Array) => hash('sha256', bytes, 'buffer'),
      blockNid: (content: string) => this.#blocksByHash.get(content),
      snapshotNid: (content: string) => this.#snapshotNids.get(content),
    }
    const { snapshot, blocks } = await this.#run(applyChanges(base, changes, this.#reader, allocator))
    for (const block of blocks) this.#keepBlock(block)
    const known = this.#snapshots.get(snapshot.hash)
    if (known !== undefined) return known
    this.#newSnapshots.push(snapshot)
    this.#snapshots.set(snapshot.hash, snapshot)
    return snapshot
  }

  /** The event at an entry of a state. */
  lookup(state: SnapshotRecord, type: Nids['eventType'], key: Nids['stateKey']): Promise<EventNid> {
    return this.#run(lookup(state, type, key, this.#reader))
  }

  /** Blocks and snapshots that were made since the last call. */
  takeNew(): { blocks: readonly BlockRecord[]; snapshots: readonly SnapshotRecord[] } {
    const taken = { blocks: this.#newBlocks, snapshots: this.#newSnapshots }
    this.#newBlocks = []
    this.#newSnapshots = []
    return taken
  }

  #keepBlock(block: BlockRecord): void {
    if (!this.#blocks.has(block.nid)) this.#newBlocks.push(block)
    this.#blocks.set(block.nid, block)
  }

  async #run<T>(asking: Suspendable<BlockNeed | AllocatorNeed, T>): Promise<T> {
    for (;;) {
      const step = asking.next()
      if (step.done === true) return step.value
      if (step.value === undefined) continue
      if (step.value.kind === 'block-hash') await this.#giveBlock(step.value.hash)
      else if (step.value.kind === 'snapshot-hash') await this.#giveSnapshot(step.value.hash)
      else throw new Error('a block of this import is gone')
    }
  }

  /** An equal block that an earlier, interrupted import stored, or a new NID. */
  async #giveBlock(content: string): Promise<void> {
    const [stored] = await this.#store.blocksByHash([content])
    if (stored !== undefined) this.#blocks.set(stored.nid, stored)
    this.#blocksByHash.set(content, stored?.nid ?? (await this.#nids.fresh('block')))
  }

  async #giveSnapshot(content: string): Promise<void> {
    const [stored] = await this.#store.snapshotsByHash(this.#roomNid, [content])
    if (stored !== undefined) this.#snapshots.set(content, stored)
    this.#snapshotNids.set(content, stored?.nid ?? (await this.#nids.fresh('snapshot')))
  }
}
