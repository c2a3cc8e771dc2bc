import { SizeFault } from './syntax-fault.ts'

/** Bounds on what comes of a text. */
export interface DecodeLimits {
  /** Entries of a list. */
  readonly maxListEntries: number
  /** What the values take in memory, in bytes, roughly. */
  readonly maxHeldBytes: number
}

/** Of a text by somebody we trust not to flood us. */
export const UNBOUNDED: DecodeLimits = {
  maxListEntries: Number.POSITIVE_INFINITY,
  maxHeldBytes: Number.POSITIVE_INFINITY,
}

/** What values take in memory beside their text, in bytes, roughly: two bytes of JSON can become a hundred of these. */
export const TAKEN = { string: 24, entry: 8, struct: 24, member: 8, mapEntry: 48 } as const

/** What a byte of JSON takes once it is parsed, in the worst case: `[]` and a comma become an object and a reference. */
export const PARSED_BYTES_EACH = 16

/** Counts what values take in memory while they are made, and stops where that is too much. */
export class HeldBytes {
  /** Can be set back, where something is read again. */
  count = 0
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Counts bytes. @throws {SizeFault} when they are too many */
  add(bytes: number): void {
    this.count += bytes
    if (this.count > this.#limit) {
      throw new SizeFault(`the values of the body take more than ${this.#limit} bytes in memory`)
    }
  }
}
