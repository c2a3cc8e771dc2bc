import {
  type AuthState,
  type AuthVerdict,
  checkAuth,
  signatureChecksIn,
  type StateTuple,
} from '@roomserver/auth'
import type { Suspendable } from '@roomserver/types'
import type { EventNode } from './event-node.ts'
import { authOf, type Graph, type ConflictedState } from './conflicted-state.ts'
import type { Judgement } from './trace-recorder.ts'
import type { WorkingState } from './working-state.ts'

/** What an event is checked against. */
export interface CheckContext {
  readonly state: Pick<WorkingState, 'get'>
  /** Whether the unconflicted part of the state counts where nothing is resolved yet. */
  readonly withCommon: boolean
  /** Whether the auth events of the event replace missing entries of the state. */
  readonly withOwnAuth: boolean
  /** Entries that the next events will be checked against, so that they can be loaded together. */
  readonly upcoming?: () => readonly StateTuple[]
}

/** Verifying a signature takes as long as checking so many ordinary events. */
const CHECKS_PER_SIGNATURE = 8

/** The cost of checking an event, an ordinary one being 1. */
export function costOf(node: EventNode): number {
  return 1 + CHECKS_PER_SIGNATURE * signatureChecksIn(node.pdu)
}

/** Judges an event by the authorization rules against a state that is still in the making. */
export function* judge<Need>(
  conflicted: ConflictedState<Need>,
  node: EventNode,
  context: CheckContext,
): Suspendable<Need, Judgement> {
  const against = yield* eventsAgainst(conflicted, node, context)
  return { verdict: verdictAgainst(node, against), tuples: node.tuples, against }
}

/** What the rules say about an event; `against` has the event for each of its tuples. */
export function verdictAgainst(node: EventNode, against: Judgement['against']): AuthVerdict {
  return checkAuth(node.pdu, stateOf(node.tuples, against))
}

/** The events that decide about an event: one (`undefined`: none) for each of its tuples. */
export function* eventsAgainst<Need>(
  conflicted: ConflictedState<Need>,
  node: EventNode,
  context: CheckContext,
): Suspendable<Need, Judgement['against']> {
  const { graph } = conflicted
  const isCreateNamed = conflicted.rules.roomId === 'create-hash'
  const against: (EventNode | undefined)[] = []
  for (const tuple of node.tuples) {
    const [type, stateKey] = tuple
    if (isCreateNamed && type === 'm.room.create') {
      against.push(conflicted.create)
      continue
    }
    let standing = context.state.get(type, stateKey)
    if (standing === undefined && context.withCommon) {
      standing = graph.peek(type, stateKey)
      if (standing === undefined) standing = yield* entryOf(graph, tuple, context)
    }
    if (context.withOwnAuth && (standing === undefined || standing === null || standing.isRejected)) {
      standing = citedFor(graph.authOf(node) ?? (yield* authOf(graph, node)), tuple)
    }
    against.push(standing ?? undefined)
  }
  return against
}

/** An entry of the unconflicted part that is not at hand; others that will be needed are asked for with it. */
function* entryOf<Need>(
  graph: Graph<Need>,
  tuple: StateTuple,
  { upcoming }: CheckContext,
): Suspendable<Need, EventNode | undefined> {
  const [event] = yield* graph.entries([tuple, ...(upcoming?.() ?? [])])
  return event
}

/** The event for a tuple among the auth events of an event, without rejected ones. */
function citedFor(auth: readonly EventNode[], [type, stateKey]: StateTuple): EventNode | undefined {
  return auth.findLast(
    (cited) => cited.pdu.type === type && cited.pdu.stateKey === stateKey && !cited.isRejected,
  )
}

function stateOf(tuples: readonly StateTuple[], events: readonly (EventNode | undefined)[]): AuthState {
  return {
    get: (type, stateKey) => {
      for (let index = 0; index < tuples.length; index++) {
        const tuple = tuples[index]
        if (tuple !== undefined && tuple[0] === type && tuple[1] === stateKey) return events[index]?.pdu
      }
      return undefined
    },
  }
}
