import type { Limits } from './limits.ts'

/** The requests that are being worked on, bounded in all and for each connection, so that none takes all places. */
export class RunningRequests {
  readonly #limits: Pick<Limits, 'maxConcurrentRequests' | 'maxConcurrentStreams'>
  readonly #of = new WeakMap<object, number>()
  #count = 0

  constructor(limits: Pick<Limits, 'maxConcurrentRequests' | 'maxConcurrentStreams'>) {
    this.#limits = limits
  }

  /** Takes a place for a request of a connection; false: there is none. */
  begin(connection: object): boolean {
    const ofConnection = this.#of.get(connection) ?? 0
    if (this.#count >= this.#limits.maxConcurrentRequests) return false
    if (ofConnection >= this.#limits.maxConcurrentStreams) return false
    this.#count++
    this.#of.set(connection, ofConnection + 1)
    return true
  }

  /** Gives the place back. */
  end(connection: object): void {
    this.#count--
    this.#of.set(connection, (this.#of.get(connection) ?? 1) - 1)
  }
}
