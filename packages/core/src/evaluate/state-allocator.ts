import { hash } from 'node:crypto'
import type { BlockOrigin, StateAllocator } from '@roomserver/state'
import type { BlockNid, SnapshotNid } from '@roomserver/types'
import type { EvaluatedRoom } from './room.ts'

/** Gives NIDs to the new blocks and snapshots of a room, and the old ones to such as are stored already. */
export class RoomStateAllocator implements StateAllocator {
  readonly sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
  readonly #room: EvaluatedRoom
  readonly #isNew: boolean

  /**
   * @param isNew - whether the changes have an event that is not stored yet: then no equal snapshot can be stored, nor an
   *   equal block of changes, and none is looked for
   */
  constructor(room: EvaluatedRoom, isNew: boolean) {
    this.#room = room
    this.#isNew = isNew
  }

  get roomNid(): StateAllocator['roomNid'] {
    return this.#room.read.nid
  }

  blockNid(contentHash: string, origin: BlockOrigin): BlockNid | undefined {
    const known = this.#room.view.blockByHash(contentHash)
    if (known) return known.nid
    return known === null || (this.#isNew && origin === 'changes')
      ? this.#room.context.nids.take('block')
      : undefined
  }

  snapshotNid(contentHash: string): SnapshotNid | undefined {
    const known = this.#room.view.snapshotByHash(contentHash)
    if (known) return known.nid
    return known === null || this.#isNew ? this.#room.context.nids.take('snapshot') : undefined
  }
}
