/** Knows whether something is being changed: an operation runs, or input waits to be processed. */
export class WorkInProgress {
  #changes = 0
  #operations = 0
  #published = 0
  readonly #acknowledged = new Set<string>()

  /** An operation begins; the function that is returned ends it. */
  operation(): () => void {
    this.#changes++
    this.#operations++
    return () => {
      // What it published may reach the listener a little later than its answer reaches the caller.
      setTimeout(() => this.#operations--, LINGER_MS)
    }
  }

  published(): void {
    this.#changes++
    this.#published++
  }

  /** @param message - which of the stream; one may be delivered and acknowledged more than once */
  acknowledged(message: string): void {
    this.#acknowledged.add(message)
  }

  isQuiet(): boolean {
    return this.#operations === 0 && this.#published === this.#acknowledged.size
  }

  /** Grows with everything that begins. */
  get changes(): number {
    return this.#changes
  }
}

const LINGER_MS = 30
