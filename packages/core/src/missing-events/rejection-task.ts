import { checkAuth } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { Suspendable, EventId } from '@roomserver/types'
import { authStateAt } from '../decide/auth-state.ts'
import { eventReferencesOf } from '../decide/event-references.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { EventInput } from '../decide/event-input.ts'
import { stateBefore } from '../decide/state-before.ts'
import type { RoomTask } from '../input/room-tasks.ts'
import { bytesWithIds } from './task-bytes.ts'

/**
 * Returns why an event is not allowed if the state that another server supplied replaces its missing events; `undefined`: it
 * is. Writes nothing.
 */
export function refusalTask(event: Pdu, state: readonly EventId[]): RoomTask<string | undefined> {
  return {
    roomId: event.roomId,
    version: event.rules.version,
    name: `trying the remote state before ${event.eventId}`,
    bytes: bytesWithIds(state.length),
    decide: (draft) => refusalAt(draft, event, state),
  }
}

function* refusalAt(
  draft: Draft,
  event: Pdu,
  ids: readonly EventId[],
): Suspendable<DecideNeed, string | undefined> {
  const stateGiven = { by: 'repair', eventIds: ids } as const
  const input: EventInput = { kind: 'new', pdu: event, sendAsServer: '', stateBefore: stateGiven }
  const state = yield* stateBefore(draft, input, yield* eventReferencesOf(draft, input))
  if (!state.known) return `the server did not supply ${state.missing.join(', ')}`
  const verdict = checkAuth(event, yield* authStateAt(draft, state.snapshot, event))
  return verdict.allowed
    ? undefined
    : `the event is rejected at the state that the server supplied: ${verdict.reason}`
}
