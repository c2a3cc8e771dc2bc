import type { Clock } from '@roomserver/types'

/** When a peer is left alone. */
export interface BreakerRules {
  /** Failures in a row after which nobody is sent to it. */
  readonly failures: number
  /** How long it is left alone until one request tries again. */
  readonly restMs: number
}

/**
 * Keeps requests from a peer that does not answer, so that they fail at once instead of each waiting for it. After a
 * rest one request goes through; its fate decides for the others.
 */
export class CircuitBreaker {
  readonly #rules: BreakerRules
  readonly #clock: Clock
  #failures = 0
  #restsUntil = 0
  #isProbing = false

  constructor(rules: BreakerRules, clock: Clock) {
    this.#rules = rules
    this.#clock = clock
  }

  /** Tells whether a request may go; if so, `succeeded`, `failed` or `undecided` must follow. */
  admits(): boolean {
    if (this.#failures < this.#rules.failures) return true
    if (this.#isProbing || this.#clock.now() < this.#restsUntil) return false
    this.#isProbing = true
    return true
  }

  /** The peer answered. */
  succeeded(): void {
    this.#failures = 0
    this.#isProbing = false
  }

  /** It did not. */
  failed(): void {
    this.#failures++
    this.#isProbing = false
    this.#restsUntil = this.#clock.now() + this.#rules.restMs
  }

  /** Nobody waited to see. */
  undecided(): void {
    this.#isProbing = false
  }
}
