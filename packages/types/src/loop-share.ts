import { monotonicNow } from './ports.ts'

/**
 * A share of the event loop for work that is long, or that comes in a long list: all who do such work hold the loop for
 * a few milliseconds together, however many they are, and then everybody else has a turn. They go one after the other,
 * in the order in which they asked; those that have had no turn before go alternately with those that have, so that
 * short work does not wait for all of the long work.
 */
export class LoopShare {
  readonly #nextTurn: (begin: () => void) => void
  readonly #sliceMs: number
  readonly #now: () => number
  readonly #newcomers = new Line()
  readonly #others = new Line()
  #isNewcomersTurn = true
  #isOpen = false
  /** Somebody was told to go and has not begun. */
  #isLettingGo = false
  #until = 0

  /**
   * @param nextTurn - calls back in the next turn of the event loop, such as `setImmediate`
   * @param sliceMs - how long the loop may be held before others get a turn
   * @param now - milliseconds since whenever
   */
  constructor(nextTurn: (begin: () => void) => void, sliceMs = 5, now = monotonicNow) {
    this.#nextTurn = nextTurn
    this.#sliceMs = sliceMs
    this.#now = now
  }

  /** Whether work may go on at once; if not, whoever does it calls {@link rest}. */
  get isFree(): boolean {
    if (!this.#isOpen) this.#open()
    return !this.#isLettingGo && !this.#isAnyWaiting && this.#now() < this.#until
  }

  /**
   * Waits until the caller may continue: call it before each piece of work. Returns at once if time is left.
   *
   * @param isFirst - whoever calls it has not waited before in this work
   */
  rest(isFirst = false): Promise<void> {
    const { isFree } = this
    return new Promise((resolve) => {
      const line = isFirst ? this.#newcomers : this.#others
      line.add(resolve)
      if (!isFree) return
      // Not before the caller waits: it has to do its work before the next one continues.
      this.#isLettingGo = true
      queueMicrotask(() => this.#letGo())
    })
  }

  get #isAnyWaiting(): boolean {
    return !this.#newcomers.isEmpty || !this.#others.isEmpty
  }

  /** Begins a slice; what waits when it is over goes on in the next turn. */
  #open(): void {
    this.#isOpen = true
    this.#until = this.#now() + this.#sliceMs
    this.#nextTurn(() => this.#close())
  }

  #close(): void {
    this.#isOpen = false
    if (!this.#isAnyWaiting) return
    this.#open()
    this.#letGo()
  }

  /** Lets the first continue, and the next when that one has done its work, while time is left. */
  #letGo(): void {
    const isNewcomer = this.#others.isEmpty || (this.#isNewcomersTurn && !this.#newcomers.isEmpty)
    this.#isNewcomersTurn = !isNewcomer
    const line = isNewcomer ? this.#newcomers : this.#others
    line.letGo()
    this.#isLettingGo = true
    queueMicrotask(() => {
      this.#isLettingGo = false
      if (this.#isAnyWaiting && this.#now() < this.#until) this.#letGo()
    })
  }
}

/** Those that wait, in their order. */
class Line {
  #waiting: (() => void)[] = []
  /** Who goes next; what is before has gone. */
  #next = 0

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length
  }

  add(go: () => void): void {
    this.#waiting.push(go)
  }

  /** Lets the first go. */
  letGo(): void {
    this.#waiting[this.#next++]?.()
    if (this.#next <= 1_000 && !this.isEmpty) return
    this.#waiting = this.#waiting.slice(this.#next)
    this.#next = 0
  }
}
