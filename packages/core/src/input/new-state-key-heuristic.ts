/** How many names in a row have to turn out to be new before the next is taken for new. */
const ENOUGH = 16

/**
 * Whether state keys that this process has not met with are new to the store as well, as they are when users join who
 * were in no room before. Then they need not be looked up first: the commit fails where that is wrong. In a process that
 * has just begun most are known to the store, so it looks until it has found nothing for a while.
 */
export class NewStateKeyHeuristic {
  #inARow = 0

  /** Whether to take the next ones for new. */
  get areLikely(): boolean {
    return this.#inARow >= ENOUGH
  }

  /** A name was looked up. */
  looked(isNew: boolean): void {
    this.#inARow = isNew ? this.#inARow + 1 : 0
  }

  /** Some that were taken for new were not. */
  wereWrong(): void {
    this.#inARow = 0
  }
}
