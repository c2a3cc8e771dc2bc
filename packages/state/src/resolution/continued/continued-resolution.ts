import {
  NO_NID,
  RoomserverError,
  type SnapshotNid,
  type SnapshotRecord,
  type Suspendable,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { layersOf } from '../../snapshot/reader.ts'
import type { ResolutionNeed, SnapshotReader } from '../snapshot-reader.ts'
import { type DifferenceFromBase, NO_DIFFERENCE } from './difference-from-base.ts'
import { type ContinuedOutcome, type ContinuedWork, StatesAgainstBase } from './states-against-base.ts'

/** By so many states two resolutions may differ for the one to go on from the other. */
const MAX_STEP = 16
/** So many resolutions in a row have to be close to each other before it is worth preparing to go on from them. */
const PATIENCE = 3

/**
 * A resolution that goes on from the one before: where a few states come in or go, it does what these make necessary, with
 * exactly the outcome of a resolution of all of them. For the second algorithm only.
 *
 * One of the states is the base, and the others are kept as what they have otherwise; see `StatesAgainstBase`. Events
 * are taken to be what they were when they came in: when the verdict or the auth events of one change, it must be dropped.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#state-resolution
 */
export class ContinuedResolution {
  readonly #rules: RoomVersionRules
  #states = new Map<SnapshotNid, DifferenceFromBase>()
  #patience = PATIENCE
  #prepared: StatesAgainstBase | undefined
  /** The state that came out last. */
  #outcome: SnapshotNid = NO_NID

  constructor(rules: RoomVersionRules) {
    this.#rules = rules
  }

  /** Whether resolutions of a room version can be gone on with. */
  static serves({ roomId, stateResolution }: RoomVersionRules): boolean {
    return stateResolution === 'v2' && roomId !== 'create-hash'
  }

  /** What it takes, in bytes (an estimate). */
  get bytes(): number {
    return 1000 + this.#states.size * 300 + (this.#prepared?.bytes ?? 0)
  }

  get work(): ContinuedWork {
    return this.#prepared?.work ?? { compared: 0, checked: 0, runs: 0 }
  }

  /**
   * Goes on to these states.
   *
   * @param near - a state that is likely to be close to the outcome
   * @returns `undefined` where it cannot: they are to be resolved from scratch then
   */
  *goOn(
    states: ReadonlySet<SnapshotNid>,
    near: SnapshotNid,
    reader: SnapshotReader,
  ): Suspendable<ResolutionNeed, ContinuedOutcome | undefined> {
    const added = [...states].filter((nid) => !this.#states.has(nid))
    const isAnyGone = states.size - added.length < this.#states.size
    const gone = isAnyGone ? [...this.#states.keys()].filter((nid) => !states.has(nid)) : []
    const isFar = added.length + gone.length > MAX_STEP || gone.includes(this.#prepared?.base ?? NO_NID)
    if (isFar || this.#prepared?.isWorn === true) this.#forget()
    if (this.#prepared === undefined && this.#patience-- > 0) {
      this.#states = new Map([...states].map((nid) => [nid, NO_DIFFERENCE]))
      return undefined
    }
    if (this.#prepared === undefined) return yield* this.#prepare([...states], reader)
    const outcome = yield* this.#move(this.#prepared, added, gone, reader)
    if (near === this.#outcome && near !== NO_NID) return { from: near, ...outcome }
    return this.#prepared.wholeOutcome()
  }

  /** Notes the state that the last resolution came to. */
  endAt(outcome: SnapshotNid): void {
    this.#outcome = outcome
  }

  #forget(): void {
    this.#prepared = undefined
    this.#patience = PATIENCE
  }

  *#prepare(
    states: readonly SnapshotNid[],
    reader: SnapshotReader,
  ): Suspendable<ResolutionNeed, ContinuedOutcome | undefined> {
    this.#states = new Map()
    const sorted = states.toSorted((a, b) => a - b)
    yield* load(sorted, reader)
    const base = sorted.find((nid) => snapshotOf(nid, reader).blocks.length > 0)
    if (base === undefined) return undefined
    const layers = yield* layersOf(snapshotOf(base, reader), reader)
    this.#prepared = new StatesAgainstBase(snapshotOf(base, reader), layers, this.#rules, reader)
    this.#states.set(base, NO_DIFFERENCE)
    const others = sorted.filter((nid) => nid !== base)
    yield* this.#move(this.#prepared, others, [], reader)
    return this.#prepared.wholeOutcome()
  }

  *#move(
    prepared: StatesAgainstBase,
    added: readonly SnapshotNid[],
    gone: readonly SnapshotNid[],
    reader: SnapshotReader,
  ): Suspendable<ResolutionNeed, Pick<ContinuedOutcome, 'changes' | 'conflicted'>> {
    yield* load(added, reader)
    for (const nid of added) {
      const difference = yield* prepared.compare(snapshotOf(nid, reader), reader)
      this.#states.set(nid, difference)
      prepared.add(difference)
    }
    for (const nid of gone) {
      prepared.remove(this.#states.get(nid) ?? NO_DIFFERENCE)
      this.#states.delete(nid)
    }
    return yield* prepared.bringUpToDate(reader)
  }
}

function* load(nids: readonly SnapshotNid[], reader: SnapshotReader): Suspendable<ResolutionNeed, void> {
  const missing = nids.filter((nid) => reader.snapshot(nid) === undefined)
  if (missing.length > 0) yield { kind: 'snapshots', nids: missing }
}

function snapshotOf(nid: SnapshotNid, reader: SnapshotReader): SnapshotRecord {
  const found = reader.snapshot(nid)
  if (found !== undefined) return found
  const what = 'a state that it refers to is not stored'
  throw new RoomserverError('STORE_DAMAGED', { what, repair: 'roomserver check --repair' }, what)
}
