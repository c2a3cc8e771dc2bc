import type { Pdu } from '@roomserver/events'
import type { Suspendable, EventId, SnapshotNid } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { resolveAfter } from '../evaluate/resolve.ts'
import { givenState } from '../decide/state-before.ts'
import type { RoomTask } from '../input/room-tasks.ts'
import { idsOf } from '../view/reads.ts'
import { wholeState } from '../view/state-at.ts'
import { bytesWithIds } from './task-bytes.ts'

/**
 * Resolves the states that servers supplied for one event, all of whose events are stored, by the algorithm of
 * the room. Writes nothing.
 */
export function resolveRemoteStatesTask(
  event: Pdu,
  states: readonly (readonly EventId[])[],
): RoomTask<readonly EventId[]> {
  const entries = states.reduce((sum, state) => sum + state.length, 0)
  return {
    roomId: event.roomId,
    version: event.rules.version,
    name: `resolving the remote state before ${event.eventId}`,
    bytes: bytesWithIds(entries),
    decide: (draft) => resolveRemoteStates(draft, states),
  }
}

function* resolveRemoteStates(
  draft: Draft,
  states: readonly (readonly EventId[])[],
): Suspendable<DecideNeed, readonly EventId[]> {
  const snapshots = new Set<SnapshotNid>()
  for (const ids of states) {
    const state = yield* givenState(draft, ids)
    if (state.known) snapshots.add(state.snapshot)
  }
  const { snapshot } = yield* resolveAfter(draft, snapshots)
  const entries = yield* wholeState(draft.view, snapshot)
  return yield* idsOf(
    draft.view,
    entries.map((entry) => entry.event),
  )
}
