import {
  type Suspendable,
  type EventId,
  type EventNid,
  type EventRecord,
  isRejected,
} from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { GraphNode, RoomGraph } from '../graph/room-graph.ts'
import { eventOf } from '../view/reads.ts'
import { remoteStatesOf } from '../decide/remote-state.ts'
import { wholeGraph } from './verified-history.ts'
import { type Reevaluated, reevaluateEvent } from './reevaluate-event.ts'

/** The result of re-evaluating an event, with its consequences. */
export interface Consequences {
  readonly graph: RoomGraph
  /** Events of the graph that changed, oldest first. */
  readonly changed: ReadonlyMap<EventNid, EventRecord>
  /** Those of them that the rules allow now, and did not before: whether they are accepted, the current state decides. */
  readonly allowed: readonly EventRecord[]
  /** Those of them that count no more. */
  readonly rejected: readonly EventRecord[]
}

/**
 * Re-evaluates the successors of a changed event and those that refer to it, as long as something changes. States
 * that other servers supplied stay as they are.
 *
 * @param first - the event that was found to be wrong, as it is in the draft now
 */
export function* reevaluateDependents(
  draft: Draft,
  first: Reevaluated,
): Suspendable<DecideNeed, Consequences> {
  const graph = yield* wholeGraph(draft)
  const remoteStates = yield* remoteStatesOf(draft)
  const changes = new Changes()
  changes.add(first)
  for (const node of yield* graph.dependents(first.record.nid)) {
    if (node.nid === first.record.nid || !changes.touch(node)) continue
    const stored = yield* eventOf(draft.view, node.nid)
    changes.add(yield* reevaluateEvent(draft, stored, remoteStates.get(stored.nid)?.isVerified === false))
  }
  return { graph, ...changes.found }
}

/** What has changed so far. */
class Changes {
  readonly #states = new Set<EventId>()
  readonly #verdicts = new Set<EventNid>()
  readonly #changed: Reevaluated[] = []

  /** Whether anything that an event follows from has changed. */
  touch({ prevEvents, authNids }: GraphNode): boolean {
    return prevEvents.some((id) => this.#states.has(id)) || authNids.some((nid) => this.#verdicts.has(nid))
  }

  add(one: Reevaluated): void {
    const { record, isBeforeWrong, isAfterWrong, isVerdictWrong } = one
    if (isAfterWrong) this.#states.add(record.eventId)
    if (isVerdictWrong) this.#verdicts.add(record.nid)
    if (isBeforeWrong || isAfterWrong || isVerdictWrong) this.#changed.push(one)
  }

  get found(): Omit<Consequences, 'graph'> {
    const wrong = this.#changed.filter(({ isVerdictWrong }) => isVerdictWrong)
    const allowed = wrong.filter(({ judgement }) => judgement?.verdict === 'allowed')
    return {
      changed: new Map(this.#changed.map(({ record }) => [record.nid, record])),
      allowed: allowed.map(({ record }) => record),
      rejected: wrong.map(({ record }) => record).filter(({ verdict }) => isRejected(verdict)),
    }
  }
}
