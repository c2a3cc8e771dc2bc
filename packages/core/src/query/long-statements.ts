/** Statements that go through many rooms at a time: more would keep everybody else from the database. */
const AT_ONCE = 4

/** Lets a few of those statements run at a time that go through more than one room, first come, first served. */
export class LongStatements {
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** @throws whatever the statement does, and the reason of the signal where nobody waits for the result any more */
  async run<Result>(statement: () => Promise<Result>, gone?: AbortSignal): Promise<Result> {
    if (this.#running === AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      gone?.throwIfAborted()
      return await statement()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}
