import type { EventId, UserId } from '@roomserver/types'
import { expanded } from '../snapshot/runs.ts'
import type { ChainFindings } from './chain-walk.ts'
import type { EventNode } from './event-node.ts'
import type { Judgement } from './judge.ts'
import type { MainlinePosition } from './mainline.ts'
import type { ChainReading, Problem, Settled } from './problem.ts'
import { judgedByEntry, type JudgedByEntry, whyItWon } from './why.ts'

/** Where in the algorithm an event was judged: the two rounds of version 2, or the four of version 1. */
export type Step = 'power' | 'mainline' | 'power-levels' | 'join-rules' | 'members' | 'others'

/** An entry of a state and its event; `null`: there is none. */
export interface AccountEntry {
  readonly type: string
  readonly stateKey: string
  readonly event: EventId | null
}

/** An event that was judged, in the order of the algorithm. */
export interface JudgedEvent {
  readonly step: Step
  readonly event: EventId
  readonly type: string
  readonly stateKey: string
  readonly sender: UserId
  /** The state that the rules looked at. */
  readonly against: readonly AccountEntry[]
  readonly allowed: boolean
  /** The rule that decided, such as `v8 4.3.5`. */
  readonly rule: string
  /** Why it was refused; absent when it was allowed. */
  readonly reason?: string
  /** Rejected when it was received: it does not get into the state, allowed or not. */
  readonly wasRejected: boolean
  /** In the round by the mainline: 0 for the newest power levels, 1 for those before …; `null`: not on the mainline. */
  readonly mainlinePosition?: number | null
}

/** What became of a conflict, and why. */
export interface ConflictOutcome {
  readonly type: string
  readonly stateKey: string
  /** The entry in each state set. */
  readonly candidates: readonly (EventId | null)[]
  readonly winner: EventId | null
  /** A sentence for people. */
  readonly why: string
}

/** An entry that the result has other than a state set. */
export interface AccountChange {
  readonly type: string
  readonly stateKey: string
  readonly from: EventId | null
  readonly to: EventId | null
}

/** How a resolution came to its result. Plain data: it can be stored and sent as JSON. */
export interface ResolutionAccount {
  readonly algorithm: 'v1' | 'v2' | 'v2.1'
  readonly chain: ChainReading
  readonly conflicts: readonly ConflictOutcome[]
  /** Events in some set's auth chain but not in all, besides those in conflict. */
  readonly authDifference: readonly EventId[]
  /** Events between conflicted ones (version 2.1). */
  readonly subgraph: readonly EventId[]
  readonly judged: readonly JudgedEvent[]
  /** Power levels events, the newest first, as far down as positions were asked for. */
  readonly mainline: readonly EventId[]
  /** For each state set: what the result has other than it. */
  readonly changes: readonly (readonly AccountChange[])[]
}

/** What an account is about. */
type AccountSubject = Pick<Problem<unknown>, 'chain' | 'conflicts' | 'rules' | 'setCount'>

/** Writes down what happens during a resolution. */
export interface Scribe {
  chains(findings: ChainFindings): void
  judged(step: Step, node: EventNode, judgement: Judgement): void
  mainline(line: readonly EventNode[], positions: ReadonlyMap<EventNode, MainlinePosition>): void
  /** The finished account. */
  account(problem: AccountSubject, settled: Settled): ResolutionAccount
}

/** A scribe for one resolution. */
export function createScribe(): Scribe {
  let authDifference: readonly EventId[] = []
  let subgraph: readonly EventId[] = []
  let mainline: readonly EventId[] = []
  let mainlinePositions: ReadonlyMap<EventNode, MainlinePosition> = new Map()
  const judged: JudgedEvent[] = []
  return {
    chains: (findings) => {
      authDifference = idsOf(findings.authDifference)
      subgraph = idsOf(findings.subgraph)
    },
    mainline: (line, positions) => {
      mainline = idsOf(line)
      mainlinePositions = positions
    },
    judged: (step, node, judgement) => {
      judged.push(judgedEvent(step, node, judgement, mainlinePositions.get(node)))
    },
    account: (subject, settled) => ({
      algorithm: subject.rules.stateResolution,
      chain: subject.chain,
      conflicts: outcomes(subject, settled, judgedByEntry(judged)),
      authDifference,
      subgraph,
      judged,
      mainline,
      changes: changesOf(subject, settled),
    }),
  }
}

function outcomes(
  { conflicts }: AccountSubject,
  settled: Settled,
  judged: JudgedByEntry,
): readonly ConflictOutcome[] {
  return conflicts.map(({ type, stateKey, events }, index) => {
    const winner = settled.winners[index]?.id ?? null
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
function changesOf({ conflicts, setCount }: AccountSubject, settled: Settled): readonly AccountChange[][] {
  const changes = Array.from({ length: setCount }, (): AccountChange[] => [])
  for (const [index, { type, stateKey, events }] of conflicts.entries()) {
    const to = settled.winners[index]?.id ?? null
    for (const [set, node] of expanded(events).entries()) {
      const from = node?.id ?? null
      if (from !== to) changes[set]?.push({ type, stateKey, from, to })
    }
  }
  for (const { id, pdu } of settled.additions) {
    const added = { type: pdu.type, stateKey: pdu.stateKey ?? '', from: null, to: id }
    for (const list of changes) list.push(added)
  }
  return changes
}

/** An account of the same sets in another order. @param order - for each place in `account`, the place that it is to have */
export function reordered(account: ResolutionAccount, order: readonly number[]): ResolutionAccount {
  const placed = <T>(list: readonly T[]): readonly T[] => {
    const result = [...list]
    for (const [from, to] of order.entries()) {
      const value = list[from]
      if (value !== undefined) result[to] = value
    }
    return result
  }
  return {
    ...account,
    conflicts: account.conflicts.map((one) => ({ ...one, candidates: placed(one.candidates) })),
    changes: placed(account.changes),
  }
}
