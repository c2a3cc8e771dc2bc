import { isFailure } from '@roomserver/types'

/** Failures of the server and not of the event. */
const UNAVAILABLE = ['OVERLOADED', 'SHUTTING_DOWN', 'STORE_UNAVAILABLE', 'ROOM_QUARANTINED']

/** What came of the events of one request: as much as its answer tells, however many there are. */
export class RequestTally {
  #failure = ''
  #failedAt = Number.POSITIVE_INFINITY
  #isAnySettled = false
  #unavailable: unknown

  /** Why the first in the order of the request was not taken; empty when all were. */
  get firstFailure(): string {
    return this.#failure
  }

  /**
   * An event was decided upon.
   *
   * @param at - its place in the request
   * @param text - why it was not taken; empty when it was
   */
  settled(at: number, text: string): void {
    this.#isAnySettled = true
    this.failed(at, text)
  }

  /** An event was not decided upon. */
  failed(at: number, text: string, error?: unknown): void {
    if (isFailure(error) && UNAVAILABLE.includes(error.code)) this.#unavailable ??= error
    if (text === '' || at >= this.#failedAt) return
    this.#failure = text
    this.#failedAt = at
  }

  /** Throws why nothing of the request could be looked at, if that is so. */
  throwIfUnavailable(): void {
    if (this.#unavailable !== undefined && !this.#isAnySettled) throw this.#unavailable
  }
}
