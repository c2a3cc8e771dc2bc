import {
  type Suspendable,
  type EventId,
  finish,
  invalidArgument,
  type RoomVersionId,
} from '@roomserver/types'
import { type RoomVersionRules, rulesArgument } from '@roomserver/version'
import { mapRuns } from '../snapshot/runs.ts'
import { checkStateMap, type StateMap } from '../state-map.ts'
import { type EventSource, MapGraph, type UnknownAuthEvents } from './map-graph.ts'
import { namedCreate } from './named-create.ts'
import type { ConflictedState, Resolved } from './conflicted-state.ts'
import { recordTrace } from './record-trace.ts'
import { runAlgorithm } from './run-algorithm.ts'
import { type Difference, differences } from './split.ts'
import type { ChainReading, ResolutionTrace } from './trace.ts'

/** How to resolve. */
export interface ResolveOptions extends EventSource {
  /**
   * What auth events mean that `events` does not know. `required`, unless said otherwise: there is no result without them.
   * `ignored`: nobody has them, as when a server lost them, and the algorithm passes over them. Events of the states
   * themselves are always required.
   */
  readonly unknownAuthEvents?: UnknownAuthEvents | undefined
  /** The room's version, or its rules. */
  readonly version: RoomVersionId | RoomVersionRules
  /** How auth chains of state sets are read; `as-deployed` unless said otherwise. */
  readonly chain?: ChainReading | undefined
  /** Whether to write down how the result came about; costs nothing when it is not asked for. */
  readonly trace?: boolean | undefined
}

/** A resolved state. */
export interface ResolvedState {
  readonly state: StateMap
  /** How it came about, when that was asked for. */
  readonly trace: ResolutionTrace | undefined
}

/**
 * Resolves several states of a room into one, by the algorithm of its version. Needs no network; pure: rejected or circular
 * auth events are worked around. The result does not depend on the order of the sets. It fails without an event that it
 * needs; {@link resolveStateAsync} fetches events.
 *
 * What the sets agree upon is compared once and not copied unless its type changes; auth chains are walked from the
 * events in conflict.
 *
 * @throws {RoomserverError} MISSING_EVENTS with the events that `events` did not give; UNSUPPORTED_ROOM_VERSION;
 *   INVALID_ARGUMENT when an argument is something else, such as an event that does not belong to its entry, or states of
 *   two rooms
 * @see https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 * @example
 * ```ts
 * import type { Pdu } from '@roomserver/events'
 * import { resolveState, stateMapOf } from '@roomserver/state'
 *
 * declare const known: ReadonlyMap<string, Pdu> // events by ID
 * declare const here: readonly Pdu[] // the state as this server has it
 * declare const there: readonly Pdu[] // the state as another one has it
 * const { state } = resolveState([stateMapOf(here), stateMapOf(there)], {
 *   version: '11',
 *   events: (id) => known.get(id),
 * })
 * console.log(state.get('m.room.topic')?.get(''))
 * ```
 */
export function resolveState(sets: readonly StateMap[], options: ResolveOptions): ResolvedState {
  return finish(resolvingState(sets, options))
}

/** {@link resolveState} in steps: it yields `undefined` wherever others may have a turn. */
export function* resolvingState(
  sets: readonly StateMap[],
  options: ResolveOptions,
): Suspendable<never, ResolvedState> {
  const rules = rulesArgument('version', options?.version)
  checkSets(sets)
  if (typeof options.events !== 'function')
    throw invalidArgument('events', 'a function that gives the Pdu of an ID')
  if (options.isRejected !== undefined && typeof options.isRejected !== 'function')
    throw invalidArgument('isRejected', 'a function that tells whether the event of an ID was rejected')
  const { agreed, conflicting } = separate(differences(sets), rules)
  const keysInConflict = new Map<string, Set<string>>()
  for (const { type, stateKey } of conflicting) {
    const keys = keysInConflict.get(type)
    if (keys === undefined) keysInConflict.set(type, new Set([stateKey]))
    else keys.add(stateKey)
  }
  const common = withChanges(sets[0] ?? new Map(), agreed)
  const graph = new MapGraph({ ...options, rules }, common, keysInConflict)
  const conflicts = conflicting.map(({ type, stateKey, events }) => ({
    type,
    stateKey,
    events: mapRuns(events, (id) => (id === undefined ? undefined : graph.entry(type, stateKey, id))),
  }))
  // Without these there is nothing to begin with.
  graph.expectWhole()
  const notes = options.trace === true ? recordTrace() : undefined
  const conflicted: ConflictedState<never> = {
    rules,
    setCount: sets.length,
    conflicts,
    graph,
    create: yield* namedCreate(graph, conflicts, rules),
    chain: options.chain ?? 'as-deployed',
    recorder: notes,
  }
  const resolved: Resolved = yield* runAlgorithm(conflicted)
  graph.expectWhole()
  return {
    state: withChanges(common, changesOf(conflicted, resolved)),
    trace: notes?.trace(conflicted, resolved),
  }
}

/** @throws {RoomserverError} INVALID_ARGUMENT */
function checkSets(sets: readonly StateMap[]): void {
  if (!Array.isArray(sets))
    throw invalidArgument('sets', 'a list of states, as stateMap and stateMapOf make them')
  for (const set of sets) checkStateMap('sets', set)
}

type Change = readonly [type: string, stateKey: string, event: EventId | undefined]

/** For the first algorithm, an entry that some sets lack and on which the others agree is not conflicted. */
function separate(
  found: readonly Difference[],
  rules: RoomVersionRules,
): { readonly agreed: readonly Change[]; readonly conflicting: readonly Difference[] } {
  if (rules.stateResolution !== 'v1') return { agreed: [], conflicting: found }
  const agreed: Change[] = []
  const conflicting: Difference[] = []
  for (const difference of found) {
    const [first, ...others] = new Set(
      difference.events.map(({ value }) => value).filter((event) => event !== undefined),
    )
    if (others.length > 0) conflicting.push(difference)
    else agreed.push([difference.type, difference.stateKey, first])
  }
  return { agreed, conflicting }
}

function changesOf({ conflicts }: ConflictedState<never>, { winners, additions }: Resolved): Change[] {
  return [
    ...conflicts.map(({ type, stateKey }, index): Change => [type, stateKey, winners[index]?.id]),
    ...additions.map(({ id, pdu }): Change => [pdu.type, pdu.stateKey ?? '', id]),
  ]
}

/** A state with changes made; the maps of types without a change are shared. */
function withChanges(state: StateMap, changes: readonly Change[]): StateMap {
  const fresh = new Map<string, Map<string, EventId>>()
  for (const [type, stateKey, event] of changes) {
    if (state.get(type)?.get(stateKey) === event && fresh.get(type) === undefined) continue
    let keys = fresh.get(type)
    if (keys === undefined) fresh.set(type, (keys = new Map(state.get(type))))
    if (event === undefined) keys.delete(stateKey)
    else keys.set(stateKey, event)
  }
  const changed = new Map([...state, ...fresh])
  for (const [type, keys] of fresh) if (keys.size === 0) changed.delete(type)
  return changed
}
