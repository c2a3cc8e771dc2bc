/** How long connections may be let in before others have a turn. */
const SLICE_MS = 5

/**
 * Lets new connections in one after another. What a connection sent before anybody took it is dealt with as it is let in;
 * of a thousand that come at the same time, as many have their turn as there is time for, and whoever has a connection
 * already is served between.
 */
export class Admission {
  readonly #nextTurn: (begin: () => void) => void
  readonly #now: () => number
  readonly #waiting: (() => void)[] = []
  #isOpen = false

  /**
   * @param nextTurn - calls back in the next turn of the event loop
   * @param now - milliseconds since whenever
   */
  constructor(nextTurn: (begin: () => void) => void = setImmediate, now = () => performance.now()) {
    this.#nextTurn = nextTurn
    this.#now = now
  }

  /** Lets a connection in, behind those that came before it. */
  enter(letIn: () => void): void {
    this.#waiting.push(letIn)
    if (this.#isOpen) return
    this.#isOpen = true
    this.#letIn(this.#now() + SLICE_MS)
  }

  #letIn(until: number): void {
    this.#waiting.shift()?.()
    // What it had sent is read in ticks of this turn, before this one.
    process.nextTick(() => {
      if (this.#waiting.length > 0 && this.#now() < until) return this.#letIn(until)
      this.#nextTurn(() => this.#goOn())
    })
  }

  #goOn(): void {
    if (this.#waiting.length > 0) this.#letIn(this.#now() + SLICE_MS)
    else this.#isOpen = false
  }
}
