import type { RoomNid } from '@roomserver/types'
import type { RecordStore } from '../ports.ts'
import type { Need } from './record-kinds.ts'
import { RecordBatch } from './record-batch.ts'

/**
 * Loads records for many computations at once: needs that come up in the same turn of the event loop share one read
 * of each kind.
 */
export class Loader {
  readonly #store: RecordStore
  #open: { readonly batch: RecordBatch; readonly read: Promise<RecordBatch> } | undefined

  constructor(store: RecordStore) {
    this.#store = store
  }

  /** The batch that the need was read with; others may have got it too. */
  load(need: Need, roomNid: RoomNid): Promise<RecordBatch> {
    this.#open ??= this.#begin()
    this.#open.batch.add(need, roomNid)
    return this.#open.read
  }

  #begin(): { readonly batch: RecordBatch; readonly read: Promise<RecordBatch> } {
    const batch = new RecordBatch()
    const turn = new Promise<void>((resolve) => setImmediate(resolve))
    const read = turn.then(async () => {
      this.#open = undefined
      await batch.read(this.#store)
      return batch
    })
    return { batch, read }
  }
}
