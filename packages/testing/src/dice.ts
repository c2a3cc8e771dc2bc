import { seededRandom } from './reference-resolution/random-room.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Random choices that repeat themselves for the same seeds. */
export class Dice {
  readonly #next: (n: number) => number

  constructor(...seeds: readonly number[]) {
    this.#next = seededRandom(seeds.reduce((mixed, seed) => Math.imul(mixed ^ seed, 0x9e_37_79_b1) + 1, 7))
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return this.#next(n)
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.#next(100) < percent
  }

  /** One of several, each in so many of a hundred cases: its index, or the number of them for none. */
  among(...percents: readonly number[]): number {
    const drawn = this.#next(100)
    let sum = 0
    const index = percents.findIndex((percent) => drawn < (sum += percent))
    return index < 0 ? percents.length : index
  }

  /** One of a list; `undefined` out of an empty one. */
  maybe<T>(list: readonly T[]): T | undefined {
    return list[this.#next(list.length)]
  }

  /** @throws {RangeError} when there is nothing to pick from */
  pick<T>(list: readonly T[]): T {
    const picked = this.maybe(list)
    if (picked === undefined) throw new RangeError('there is nothing to pick from')
    return picked
  }

  /** Letters and digits. */
  text(length: number): string {
    return Array.from({ length }, () => LETTERS[this.#next(LETTERS.length)]).join('')
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.#next(256))
  }
}
