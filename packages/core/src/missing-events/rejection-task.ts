import type { Pdu } from '@roomserver/events'
import type { Suspendable, EventId } from '@roomserver/types'
import { checkByState } from '../evaluate/evaluate-event.ts'
import { eventReferencesOf } from '../evaluate/event-references.ts'
import { resolveAfter } from '../evaluate/resolve.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { EventInput } from '../decide/event-input.ts'
import { statesBefore } from '../decide/state-before.ts'
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
  const references = yield* eventReferencesOf(draft, event)
  const before = yield* statesBefore(draft, input, references)
  if (!before.known) return `the server did not supply ${before.missing.join(', ')}`
  const { snapshot } = yield* resolveAfter(draft, before.states)
  const verdict = yield* checkByState(draft, event, snapshot)
  return verdict.allowed
    ? undefined
    : `the event is rejected at the state that the server supplied: ${verdict.reason}`
}
