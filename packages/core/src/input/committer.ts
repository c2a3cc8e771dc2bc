import type { CommitResult, WriteSet } from '@roomserver/types'
import type { RoomStore } from '../ports.ts'

/** How many write sets share a transaction at most. */
const MAX_GROUP = 256

interface Waiting {
  readonly writeSet: WriteSet
  readonly settle: (result: CommitResult) => void
}

/**
 * Group commit: write sets of different rooms that are ready at the same moment share one transaction; while one is
 * under way the next gathers.
 */
export class Committer {
  readonly #store: Pick<RoomStore, 'commit'>
  readonly #onOutputs: (() => void) | undefined
  #waiting: Waiting[] = []
  #isRunning = false

  /** @param onOutputs - called after a commit that wrote outputs */
  constructor(store: Pick<RoomStore, 'commit'>, onOutputs: (() => void) | undefined) {
    this.#store = store
    this.#onOutputs = onOutputs
  }

  /** Commits a write set; never rejects. There is one of each room at a time. */
  commit(writeSet: WriteSet): Promise<CommitResult> {
    return new Promise((settle) => {
      this.#waiting.push({ writeSet, settle })
      if (!this.#isRunning) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MAX_GROUP)
      const results = await this.#commit(group.map(({ writeSet }) => writeSet))
      group.forEach(({ settle }, index) =>
        settle(results[index] ?? { kind: 'failed', error: new Error('the store gave no result') }),
      )
      await new Promise<void>((resolve) => setImmediate(resolve))
      // The answers are on their way: only now may delivering take time.
      if (group.some(({ writeSet }) => writeSet.outputs.length > 0)) this.#onOutputs?.()
    }
    this.#isRunning = false
  }

  async #commit(writeSets: readonly WriteSet[]): Promise<readonly CommitResult[]> {
    try {
      return await this.#store.commit(writeSets)
    } catch (error) {
      return writeSets.map(() => ({ kind: 'failed', error }))
    }
  }
}
