/** About as many rooms as are decided upon in the time that a commit of as many takes. */
const ROOMS_AT_ONCE = 12

/**
 * Lets those who are ready in the same turn of the event loop go on one right after the other, which takes less than apart
 * from each other. Where commits are another process's work they go a portion at a time: while one is being committed the
 * next is decided upon, and the callers of the one before have their answers.
 */
export class CommitPacing {
  readonly #size: number
  readonly #waiting: (() => void)[] = []

  constructor({ commitsElsewhere }: { readonly commitsElsewhere: boolean }) {
    this.#size = commitsElsewhere ? ROOMS_AT_ONCE : Number.POSITIVE_INFINITY
  }

  /** Waits for the next turn of the event loop in which there is a place. */
  next(): Promise<void> {
    if (this.#waiting.length === 0) setImmediate(() => this.#letGo())
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #letGo(): void {
    for (const go of this.#waiting.splice(0, this.#size)) go()
    if (this.#waiting.length > 0) setImmediate(() => this.#letGo())
  }
}
