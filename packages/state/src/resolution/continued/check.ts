import type { EventNid, EventTypeNid, StateKeyNid } from '@roomserver/types'
import type { EventNode } from '../event-node.ts'
import type { Judgement } from '../trace-recorder.ts'
import type { MainlineGroup } from './mainline-groups.ts'

/** One auth check of a resolution that can be gone on with: an event in its place in the order, and its outcome. */
export interface Check {
  readonly node: EventNode
  /** Whether it comes with the power events. */
  readonly isPower: boolean
  /** The power level of the sender; 0 where it does not matter. */
  readonly level: number
  /** The entries that decide about it. */
  readonly reads: readonly CheckedEntry[]
  /** The entry that it is for; `undefined`: it is not a state event. */
  readonly entry: CheckedEntry | undefined
  /** Those of the events beside the power events that cite the same power levels. */
  readonly group: MainlineGroup | undefined
  /** Its place: lower ones are checked before. */
  label: number
  /** Of a power event, the greatest in power order of it and those before it. */
  greatest: Check | undefined
  /** The events that decided about it when it was checked last; `undefined`: it was not. */
  against: Judgement['against'] | undefined
  /** Whether it entered the state. */
  isIn: boolean
}

/** An entry of the state that checks read or put events into. */
export class CheckedEntry {
  readonly type: string
  readonly stateKey: string
  isConflicted = false
  /** Its place in snapshots; `undefined` while nothing was ever put there. */
  place: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid } | undefined
  /** What the last outcome has for it; `undefined`: what the base has. */
  outcome: EventNid | undefined
  /** The checks that put an event there, in the order of checks. */
  readonly puts: Check[] = []
  /** The checks that it decides about, in the order of checks. */
  readonly readers: Check[] = []

  constructor(type: string, stateKey: string) {
    this.type = type
    this.stateKey = stateKey
  }

  /** What is resolved before the check with this label; as with `WorkingState`. */
  before(label: number): EventNode | null | undefined {
    const last = this.puts[placeOf(this.puts, label) - 1]
    return last?.node ?? (this.isConflicted ? null : undefined)
  }
}

/** The place of the first check whose label is not below the given one; O(log n). */
export function placeOf(checks: readonly Check[], label: number): number {
  return firstPlace(checks, (check) => check.label >= label)
}

/** The first place from `start` on, and before `end`, where it holds; it must hold from there on. O(log n). */
export function firstPlace<T>(
  list: readonly T[],
  holds: (item: T) => boolean,
  { start = 0, end = list.length } = {},
): number {
  let low = start
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = list[middle]
    if (item !== undefined && holds(item)) high = middle
    else low = middle + 1
  }
  return low
}

/** Puts a check into a list that is sorted by labels. */
export function insertCheck(checks: Check[], check: Check): void {
  checks.splice(placeOf(checks, check.label), 0, check)
}

/** Takes a check out of a list that is sorted by labels. */
export function removeCheck(checks: Check[], check: Check): void {
  const place = placeOf(checks, check.label)
  if (checks[place] === check) checks.splice(place, 1)
}
