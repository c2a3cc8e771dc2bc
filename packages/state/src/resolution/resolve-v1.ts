import { compareCodePoints } from '@roomserver/events'
import type { Suspendable } from '@roomserver/types'
import type { EventNode } from './event-node.ts'
import { costOf, judge } from './judge.ts'
import { type Conflict, conflictedEvents, type ConflictedState, type Resolved } from './conflicted-state.ts'
import { sha1Hex } from './sha1.ts'
import type { Step } from './trace.ts'
import { WorkingState } from './working-state.ts'

/**
 * State resolution version 1. An entry that only some sets have is in no conflict here; it must not be passed as one.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v1/#state-resolution
 */
export function* resolveV1<Need>(conflicted: ConflictedState<Need>): Suspendable<Need, Resolved> {
  const state = new WorkingState(conflicted.conflicts)
  for (const step of STEPS) {
    const winners: EventNode[] = []
    for (const conflict of conflicted.conflicts.filter((candidate) => stepOf(candidate) === step)) {
      const winner =
        step === 'others'
          ? yield* firstAllowed(conflicted, conflict, state)
          : yield* lastOfChain(conflicted, conflict, state, step)
      if (winner !== undefined) winners.push(winner)
      yield undefined
    }
    // Conflicts of one step do not see each other's outcome.
    for (const winner of winners) state.put(winner)
  }
  const winners = conflicted.conflicts.map(({ type, stateKey }) => state.get(type, stateKey) ?? undefined)
  return { winners, additions: [] }
}

const STEPS = ['power-levels', 'join-rules', 'members', 'others'] as const

function stepOf({ type, stateKey }: Conflict): Step {
  if (type === 'm.room.power_levels' && stateKey === '') return 'power-levels'
  if (type === 'm.room.join_rules') return 'join-rules'
  return type === 'm.room.member' ? 'members' : 'others'
}

/** The candidates, least depth first; of the same depth the one with the greater SHA-1 of its ID. */
function oldestFirst(conflict: Conflict): EventNode[] {
  const hashes = new Map<EventNode, string>()
  for (const node of conflictedEvents([conflict])) if (!node.isRejected) hashes.set(node, sha1Hex(node.id))
  const hashOf = (node: EventNode): string => hashes.get(node) ?? ''
  return [...hashes.keys()].sort(
    (a, b) => a.pdu.depth - b.pdu.depth || compareCodePoints(hashOf(b), hashOf(a)),
  )
}

/** Entries that rules depend upon: as long as each candidate is allowed after the one before, the later counts. */
function* lastOfChain<Need>(
  conflicted: ConflictedState<Need>,
  conflict: Conflict,
  state: WorkingState,
  step: Step,
): Suspendable<Need, EventNode | undefined> {
  const [first, ...later] = oldestFirst(conflict)
  let winner = first
  for (const node of later) {
    const judgement = yield* judge(conflicted, node, {
      state: winner === undefined ? state : state.with(winner),
      withCommon: true,
      withOwnAuth: false,
    })
    conflicted.recorder?.judged(step, node, judgement)
    if (costOf(node) > 1) yield undefined
    if (!judgement.verdict.allowed) break
    winner = node
  }
  return winner
}

/** All other entries: the newest candidate that is allowed, or the oldest of all when none is. */
function* firstAllowed<Need>(
  conflicted: ConflictedState<Need>,
  conflict: Conflict,
  state: WorkingState,
): Suspendable<Need, EventNode | undefined> {
  const candidates = oldestFirst(conflict)
  for (const node of candidates.toReversed()) {
    const judgement = yield* judge(conflicted, node, { state, withCommon: true, withOwnAuth: false })
    conflicted.recorder?.judged('others', node, judgement)
    if (judgement.verdict.allowed) return node
  }
  return candidates[0]
}
