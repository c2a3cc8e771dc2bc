import { type AuthVerdict, authTypesFor, checkAuth, type StateTuple } from '@roomserver/auth'
import type { Asking } from '@roomserver/types'
import type { EventNode } from './event-node.ts'
import { authOf, type Problem } from './problem.ts'
import { createByRoomId } from './sender-level.ts'
import type { WorkingState } from './working-state.ts'

/** What an event is judged against. */
export interface Bench {
  readonly state: Pick<WorkingState, 'get'>
  /** Whether the unconflicted part of the state counts where nothing is settled. */
  readonly withCommon: boolean
  /** Whether the events that the event cites step in where the state has none. */
  readonly withOwnAuth: boolean
}

/** A verdict, and the state that it rests on. */
export interface Judgement {
  readonly verdict: AuthVerdict
  /** The entries that the rules may look at, and beside them their events. */
  readonly tuples: readonly StateTuple[]
  readonly against: readonly (EventNode | undefined)[]
}

/** Judges an event by the authorization rules against a state that is still in the making. */
export function* judge<Need>(problem: Problem<Need>, node: EventNode, bench: Bench): Asking<Need, Judgement> {
  const tuples = authTypesFor(node.pdu, node.pdu.rules)
  const against = tuples.map(([type, stateKey]) => bench.state.get(type, stateKey))
  if (bench.withCommon) yield* fillFromCommon(problem, tuples, against)
  if (bench.withOwnAuth) yield* fillFromCited(problem, node, tuples, against)
  const found = against.map((other) => other ?? undefined)
  const verdict = checkAuth(node.pdu, {
    get: (type, stateKey) => {
      const index = tuples.findIndex((tuple) => tuple[0] === type && tuple[1] === stateKey)
      return found[index]?.pdu
    },
  })
  return { verdict, tuples, against: found }
}

type Found = (EventNode | null | undefined)[]

function* fillFromCommon<Need>(
  { graph }: Problem<Need>,
  tuples: readonly StateTuple[],
  against: Found,
): Asking<Need, void> {
  const open = tuples.filter((_, index) => against[index] === undefined)
  if (open.length === 0) return
  const common = yield* graph.entries(open)
  let next = 0
  for (let index = 0; index < tuples.length; index++) {
    if (against[index] === undefined) against[index] = common[next++]
  }
}

function* fillFromCited<Need>(
  problem: Problem<Need>,
  node: EventNode,
  tuples: readonly StateTuple[],
  against: Found,
): Asking<Need, void> {
  for (let index = 0; index < tuples.length; index++) {
    const standing = against[index]
    if (standing !== undefined && standing !== null && !standing.isRejected) continue
    const tuple = tuples[index]
    if (tuple !== undefined) against[index] = yield* citedFor(problem, node, tuple)
  }
}

/** The event for a tuple among those that an event cites, the rejected ones left out. */
function* citedFor<Need>(
  problem: Problem<Need>,
  node: EventNode,
  [type, stateKey]: StateTuple,
): Asking<Need, EventNode | undefined> {
  const isIt = (cited: EventNode): boolean =>
    cited.pdu.type === type && cited.pdu.stateKey === stateKey && !cited.isRejected
  const cited = (yield* authOf(problem.graph, node)).findLast(isIt)
  if (cited !== undefined || type !== 'm.room.create') return cited
  return yield* createByRoomId(problem)
}
