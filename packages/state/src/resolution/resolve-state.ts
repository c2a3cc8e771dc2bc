import {
  type Suspendable,
  type EventId,
  finish,
  RoomserverError,
  type RoomVersionId,
} from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { mapRuns } from '../snapshot/runs.ts'
import type { StateMap } from '../state-map.ts'
import { type EventSource, MapGraph } from './map-graph.ts'
import { namedCreate } from './named-create.ts'
import type { ConflictedState, Resolved } from './conflicted-state.ts'
import { recordTrace } from './record-trace.ts'
import { runAlgorithm } from './run-algorithm.ts'
import { type Difference, differences } from './split.ts'
import type { ChainReading, ResolutionTrace } from './trace.ts'

/** How to resolve. */
export interface ResolveOptions extends EventSource {
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
 * Resolves several states of a room into one, by the algorithm of its version. Needs no network; pure and total:
 * unknown, rejected or circular auth events are worked around. The result does not depend on the order of the sets.
 *
 * What the sets agree upon is compared once and not copied unless its type changes; auth chains are walked from the
 * events in conflict.
 *
 * @throws {RoomserverError} UNSUPPORTED_ROOM_VERSION
 * @see https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export function resolveState(sets: readonly StateMap[], options: ResolveOptions): ResolvedState {
  return finish(resolvingState(sets, options))
}

/** {@link resolveState} in steps: it yields `undefined` wherever others may have a turn. */
export function* resolvingState(
  sets: readonly StateMap[],
  options: ResolveOptions,
): Suspendable<never, ResolvedState> {
  const rules = rulesOf(options.version)
  const { agreed, conflicting } = separate(differences(sets), rules)
  const keysInConflict = new Map<string, Set<string>>()
  for (const { type, stateKey } of conflicting) {
    const keys = keysInConflict.get(type)
    if (keys === undefined) keysInConflict.set(type, new Set([stateKey]))
    else keys.add(stateKey)
  }
  const common = withChanges(sets[0] ?? new Map(), agreed)
  const graph = new MapGraph(options, common, keysInConflict)
  const conflicts = conflicting.map(({ type, stateKey, events }) => ({
    type,
    stateKey,
    events: mapRuns(events, (id) => (id === undefined ? undefined : graph.node(id))),
  }))
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
  return {
    state: withChanges(common, changesOf(conflicted, resolved)),
    trace: notes?.trace(conflicted, resolved),
  }
}

function rulesOf(version: ResolveOptions['version']): RoomVersionRules {
  if (typeof version !== 'string') return version
  const rules = roomVersion(version)
  if (rules !== undefined) return rules
  throw new RoomserverError('UNSUPPORTED_ROOM_VERSION', { version }, `room version ${version} is not known`)
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
