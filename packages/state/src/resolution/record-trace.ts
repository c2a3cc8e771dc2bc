import type { EventId } from '@roomserver/types'
import { expanded } from '../snapshot/runs.ts'
import type { EventNode } from './event-node.ts'
import type { ConflictedState, Resolved } from './conflicted-state.ts'
import type { ConflictOutcome, JudgedEvent, ResolutionTrace, Step, TraceChange } from './trace.ts'
import type { Judgement, MainlinePosition, TraceRecorder } from './trace-recorder.ts'
import { judgedByEntry, type JudgedByEntry, whyItWon } from './why.ts'

/** What a trace is about. */
type TracedState = Pick<ConflictedState<unknown>, 'chain' | 'conflicts' | 'rules' | 'setCount'>

/** A recorder whose notes become a trace once the resolution has ended. */
export interface TraceNotes extends TraceRecorder {
  /** The finished trace. */
  trace(state: TracedState, resolved: Resolved): ResolutionTrace
}

/** A recorder for one resolution. */
export function recordTrace(): TraceNotes {
  let authDifference: readonly EventId[] = []
  let subgraph: readonly EventId[] = []
  let mainline: readonly EventId[] = []
  let mainlinePositions: ReadonlyMap<EventNode, MainlinePosition> = new Map()
  const judged: JudgedEvent[] = []
  return {
    authDifference: (nodes) => {
      authDifference = idsOf(nodes)
    },
    conflictedStateSubgraph: (nodes) => {
      subgraph = idsOf(nodes)
    },
    mainline: (line, positions) => {
      mainline = idsOf(line)
      mainlinePositions = positions
    },
    judged: (step, node, judgement) => {
      judged.push(judgedEvent(step, node, judgement, mainlinePositions.get(node)))
    },
    trace: (subject, resolved) => ({
      algorithm: subject.rules.stateResolution,
      chain: subject.chain,
      conflicts: outcomes(subject, resolved, judgedByEntry(judged)),
      authDifference,
      subgraph,
      judged,
      mainline,
      changes: changesOf(subject, resolved),
    }),
  }
}

function outcomes(
  { conflicts }: TracedState,
  resolved: Resolved,
  judged: JudgedByEntry,
): readonly ConflictOutcome[] {
  return conflicts.map(({ type, stateKey, events }, index) => {
    const winner = resolved.winners[index]?.id ?? null
    const candidates = expanded(events).map((node) => node?.id ?? null)
    return { type, stateKey, candidates, winner, why: whyItWon({ type, stateKey, winner }, judged) }
  })
}

function idsOf(nodes: Iterable<EventNode>): readonly EventId[] {
  return Array.from(nodes, (node) => node.id)
}

function judgedEvent(
  step: Step,
  node: EventNode,
  { against, tuples, verdict }: Judgement,
  position: MainlinePosition | undefined,
): JudgedEvent {
  const { type, stateKey = '', sender } = node.pdu
  return {
    step,
    event: node.id,
    type,
    stateKey,
    sender,
    against: tuples.map((tuple, index) => ({
      type: tuple[0],
      stateKey: tuple[1],
      event: against[index]?.id ?? null,
    })),
    allowed: verdict.allowed,
    rule: verdict.rule,
    ...(verdict.allowed ? {} : { reason: verdict.reason }),
    wasRejected: node.isRejected,
    ...(step === 'mainline' ? { mainlinePosition: finite(position) } : {}),
  }
}

function finite(position: MainlinePosition | undefined): number | null {
  return position === undefined || position === Infinity ? null : position
}

/** What the result has other than each set. */
function changesOf({ conflicts, setCount }: TracedState, resolved: Resolved): readonly TraceChange[][] {
  const changes = Array.from({ length: setCount }, (): TraceChange[] => [])
  for (const [index, { type, stateKey, events }] of conflicts.entries()) {
    const to = resolved.winners[index]?.id ?? null
    for (const [set, node] of expanded(events).entries()) {
      const from = node?.id ?? null
      if (from !== to) changes[set]?.push({ type, stateKey, from, to })
    }
  }
  for (const { id, pdu } of resolved.additions) {
    const added = { type: pdu.type, stateKey: pdu.stateKey ?? '', from: null, to: id }
    for (const list of changes) list.push(added)
  }
  return changes
}

/**
 * A trace of the same sets in another order.
 *
 * @param order - for each place in `trace`, the place that it is to have
 */
export function reordered(trace: ResolutionTrace, order: readonly number[]): ResolutionTrace {
  const placed = <T>(list: readonly T[]): readonly T[] => {
    const result = [...list]
    for (const [from, to] of order.entries()) {
      const value = list[from]
      if (value !== undefined) result[to] = value
    }
    return result
  }
  return {
    ...trace,
    conflicts: trace.conflicts.map((one) => ({ ...one, candidates: placed(one.candidates) })),
    changes: placed(trace.changes),
  }
}
