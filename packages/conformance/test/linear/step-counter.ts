import { ChargedBuiltIns } from './charged-built-ins.ts'
import { CountedBlocks } from './counted-blocks.ts'

const OF_PACKAGES = /\/packages\/[^/]+\/src\//

/**
 * Counts what a piece of work costs without a clock: every block of our packages that is entered, and every character or entry
 * that built-in functions are given to look at. The same work takes the same number, but for the first time, when things
 * are made that are kept.
 *
 * Make it before anything of what is counted is imported. What it does not see: how often a regular expression goes back
 * within what it matched.
 */
export class StepCounter implements Disposable {
  readonly #blocks = new CountedBlocks((url) => OF_PACKAGES.test(url))
  /** Replaced once, and not for each piece of work: V8 throws away what it knows of code when built-in functions change. */
  readonly #builtIns = new ChargedBuiltIns()

  async count(work: () => unknown): Promise<number> {
    const before = this.#sum
    await work()
    return this.#sum - before
  }

  get #sum(): number {
    return this.#blocks.sum + this.#builtIns.sum
  }

  [Symbol.dispose](): void {
    this.#builtIns[Symbol.dispose]()
  }
}
