import type { Suspendable } from '@roomserver/types'
import { authOf, type ConflictedState } from '../conflicted-state.ts'
import { type EventNode, powerLevelsAmong } from '../event-node.ts'
import { comparePositions, Mainline } from '../mainline-order.ts'
import type { MainlinePosition } from '../trace-recorder.ts'

/** Events that cite the same power levels, and so have the same position by the mainline. */
export interface MainlineGroup {
  readonly first: EventNode | undefined
  position: MainlinePosition
  count: number
}

/** The positions of events by the mainline of the power levels that were resolved. */
export class MainlineGroups<Need> {
  readonly #conflicted: ConflictedState<Need>
  readonly #groups = new Map<EventNode | undefined, MainlineGroup>()
  #powerLevels: EventNode | undefined
  #mainline: Mainline<Need>

  constructor(conflicted: ConflictedState<Need>) {
    this.#conflicted = conflicted
    this.#mainline = new Mainline(conflicted, undefined)
  }

  /** Begins anew, with nobody in any group. */
  restart(powerLevels: EventNode | undefined): void {
    this.#groups.clear()
    this.#powerLevels = powerLevels
    this.#mainline = new Mainline(this.#conflicted, powerLevels)
  }

  *enter(node: EventNode): Suspendable<Need, MainlineGroup> {
    const first = node.isPowerLevels ? node : powerLevelsAmong(yield* authOf(this.#conflicted.graph, node))
    let group = this.#groups.get(first)
    if (group === undefined) {
      const position = first === undefined ? Infinity : yield* this.#mainline.positionOf(first)
      this.#groups.set(first, (group = { first, position, count: 0 }))
    }
    group.count++
    return group
  }

  leave(group: MainlineGroup): void {
    if (--group.count === 0) this.#groups.delete(group.first)
  }

  /** Takes the mainline of other power levels, if the order of the groups stays what it is; otherwise false. */
  *follow(powerLevels: EventNode | undefined): Suspendable<Need, boolean> {
    if (powerLevels === this.#powerLevels) return true
    const mainline = new Mainline(this.#conflicted, powerLevels)
    const groups = [...this.#groups.values()].sort((a, b) => comparePositions(a.position, b.position))
    let last: { readonly old: number; readonly now: number } | undefined
    for (const group of groups) {
      const { first, position: old } = group
      const now = first === undefined ? Infinity : yield* mainline.positionOf(first)
      if (last !== undefined && comparePositions(last.old, old) !== comparePositions(last.now, now))
        return false
      group.position = now
      last = { old, now }
    }
    this.#powerLevels = powerLevels
    this.#mainline = mainline
    return true
  }
}
