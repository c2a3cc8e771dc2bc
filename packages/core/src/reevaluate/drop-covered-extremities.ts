import type { Suspendable, EventNid } from '@roomserver/types'
import { latestOf } from '../decide/announce-rewritten.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { setExtremities } from '../decide/extremities.ts'
import { atRemoteState } from '../decide/remote-state.ts'
import type { RoomGraph } from '../graph/room-graph.ts'
import { Extremities } from '../view/extremities.ts'
import { eventsOf } from '../view/reads.ts'
import { refreshCurrent } from './refresh-current.ts'

/**
 * Forward extremities upon which another one is built, are none any more, if an accepted event builds on them that is not at
 * remote state: see `moveExtremities`.
 */
export function* dropCoveredExtremities(draft: Draft, graph: RoomGraph): Suspendable<DecideNeed, void> {
  const { extremities } = draft.room
  if (extremities.length < 2) return
  const remote = yield* atRemoteState(draft)
  const kept: EventNid[] = []
  for (const extremity of extremities) {
    const near = yield* graph.reach([extremity], (node) =>
      [...graph.future(node)].filter((next) => !remote.has(next)),
    )
    const builders = [...near].filter((nid) => nid !== extremity && graph.node(nid)?.isAccepted === true)
    const after = yield* graph.reach(builders, (node) => graph.future(node))
    if (!extremities.some((other) => other !== extremity && after.has(other))) kept.push(extremity)
  }
  if (kept.length === extremities.length) return
  const left = yield* eventsOf(draft.view, kept)
  setExtremities(draft, Extremities.of(left))
  const latest = latestOf(left)
  yield* refreshCurrent(draft, latest, `the history before ${latest.eventId}`)
}
