import { BlockCounts } from './block-counts.ts'
import { ChargedBuiltIns } from './charged-built-ins.ts'

const OF_PACKAGES = /\/packages\/[^/]+\/src\//

/**
 * Counts what a piece of work costs without a clock: every block of our packages that V8 enters, and every character or
 * entry that built-in functions are given to look at. The same work takes the same number, but for the first time, when
 * things are made that are kept.
 *
 * Start it before anything of what is counted has run: V8 counts the blocks of functions that it compiles afterwards.
 * What it does not see: how often a regular expression goes back within what it matched.
 */
export class StepCounter implements Disposable {
  readonly #blocks: BlockCounts
  /** Replaced once, and not for each piece of work: V8 throws away what it knows of code when built-in functions change. */
  readonly #builtIns = new ChargedBuiltIns()

  private constructor(blocks: BlockCounts) {
    this.#blocks = blocks
  }

  static async start(): Promise<StepCounter> {
    return new StepCounter(await BlockCounts.start((url) => OF_PACKAGES.test(url)))
  }

  /** Forgets what has been counted since the last time, such as the making of what the work needs. */
  async reset(): Promise<void> {
    await this.#blocks.take()
  }

  async count(work: () => unknown): Promise<number> {
    const before = this.#builtIns.sum
    await work()
    const charged = this.#builtIns.sum - before
    return charged + (await this.#blocks.take())
  }

  [Symbol.dispose](): void {
    this.#builtIns[Symbol.dispose]()
    this.#blocks[Symbol.dispose]()
  }
}
