import { type Check, placeOf } from './check.ts'

/**
 * The checks of a resolution in their order. Labels tell which of two comes first; there is mostly room between them, so
 * that one can be put between two others without a change to these.
 */
export class CheckOrder {
  readonly #checks: Check[] = []
  /** How many of them, from the first on, are those of power events. */
  powerCount = 0

  get all(): readonly Check[] {
    return this.#checks
  }

  placeOf(check: Check): number {
    return placeOf(this.#checks, check.label)
  }

  /** Puts a check into this place. */
  insert(place: number, check: Check): void {
    this.#checks.splice(place, 0, check)
    if (check.isPower) this.powerCount++
    const below = this.#checks[place - 1]?.label
    const above = this.#checks[place + 1]?.label
    if (below === undefined) check.label = above === undefined ? 0 : above - 1
    else check.label = above === undefined ? below + 1 : (below + above) / 2
    if (check.label === below || check.label === above) this.#relabel()
  }

  remove(check: Check): void {
    this.#checks.splice(this.placeOf(check), 1)
    if (check.isPower) this.powerCount--
  }

  clear(): void {
    this.#checks.length = 0
    this.powerCount = 0
  }

  #relabel(): void {
    for (const [place, check] of this.#checks.entries()) check.label = place
  }
}
