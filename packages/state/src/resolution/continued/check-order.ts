import { compareByPower } from '../reverse-topological-power-order.ts'
import { type Check, firstPlace, placeOf } from './check.ts'

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

  /**
   * The place of a power event that has to come behind the first so many: it comes as soon as it is less than the one whose
   * turn it would be. O(log n), unless one of those before is greater than it.
   */
  placeOfPower(check: Check, start: number): number {
    const comesBefore = (other: Check | undefined): boolean =>
      other !== undefined && compareByPower(check, other) < 0
    let place = firstPlace(this.#checks, ({ greatest }) => comesBefore(greatest), { end: this.powerCount })
    if (place >= start) return place
    for (place = start; place < this.powerCount; place++) if (comesBefore(this.#checks[place])) break
    return place
  }

  /** Puts a check into this place. */
  insert(place: number, check: Check): void {
    this.#checks.splice(place, 0, check)
    const before = this.#checks[place - 1]
    if (check.isPower) {
      this.powerCount++
      check.greatest = greaterOf(before?.greatest, check)
    }
    const below = before?.label
    const above = this.#checks[place + 1]?.label
    if (below === undefined) check.label = above === undefined ? 0 : above - 1
    else check.label = above === undefined ? below + 1 : (below + above) / 2
    if (check.label === below || check.label === above) this.#relabel()
  }

  remove(check: Check): void {
    const place = this.placeOf(check)
    this.#checks.splice(place, 1)
    if (check.isPower) this.powerCount--
    this.#forgetGreatest(check, place)
  }

  clear(): void {
    this.#checks.length = 0
    this.powerCount = 0
  }

  /** From this place on another check is the greatest where one was that is gone. */
  #forgetGreatest(gone: Check, from: number): void {
    for (let place = from; place < this.powerCount; place++) {
      const check = this.#checks[place]
      if (check?.greatest !== gone) return
      check.greatest = greaterOf(this.#checks[place - 1]?.greatest, check)
    }
  }

  #relabel(): void {
    for (const [place, check] of this.#checks.entries()) check.label = place
  }
}

function greaterOf(one: Check | undefined, other: Check): Check {
  return one !== undefined && compareByPower(one, other) > 0 ? one : other
}
