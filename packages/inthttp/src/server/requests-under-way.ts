/** How much of all answers may lie ready to be taken, in bytes. */
const READY_BYTES = 32 * 1024 * 1024

/** How much of an answer is handed to the connection at a time, in bytes: little where there are many. */
const MOST_BYTES = 512 * 1024
const LEAST_BYTES = 32 * 1024

/** The requests that have no answer, or none that was taken. The more there are, the less is made of an answer at a time. */
export class RequestsUnderWay {
  #count = 0

  /** How much of an answer is made before its caller has to take it, in bytes. */
  get batchBytes(): number {
    return Math.max(LEAST_BYTES, Math.min(MOST_BYTES, READY_BYTES / Math.max(1, this.#count)))
  }

  begin(): void {
    this.#count++
  }

  end(): void {
    this.#count--
  }
}
