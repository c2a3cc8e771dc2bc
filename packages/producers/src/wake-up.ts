/** Something to wait for: a call from elsewhere, the end of some time, or a stop. */
export class WakeUp {
  #isCalled = false
  #waiting = new Set<() => void>()

  /** Wakes whoever waits; the next to wait if nobody does. */
  call(): void {
    this.#isCalled = this.#waiting.size === 0
    for (const wake of this.#waiting) wake()
  }

  /** Waits for a call, at most `ms`, or until `signal` is aborted. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#isCalled || signal?.aborted === true) {
      this.#isCalled = false
      return
    }
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      signal?.addEventListener('abort', wake)
      this.#waiting.add(wake)
    })
  }
}
