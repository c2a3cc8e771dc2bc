import { softFailure } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Suspendable, NO_NID, type SnapshotNid } from '@roomserver/types'
import { authStateAt } from '../evaluate/auth-state.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { afterExtremities } from './extremities.ts'
import { resolveAfter } from '../evaluate/resolve.ts'

/** Why an event fails softly. */
export type SoftFailure = NonNullable<ReturnType<typeof softFailure>>

/**
 * Why the current state of the room does not allow an event that the rules allow otherwise; `undefined`: it does.
 *
 * Where events before it are missing, this server may lag behind: the current state need not know its sender yet. Such an
 * event is held against the current state resolved with the state before it, which is what the current state becomes with
 * it. A ban or a demotion that is known here prevails in that resolution.
 *
 * @param lacksPast - whether events before it are missing
 * @see https://spec.matrix.org/v1.19/server-server-api/#soft-failure
 */
export function* failureNow(
  draft: Draft,
  pdu: Pdu,
  before: SnapshotNid,
  lacksPast: boolean,
): Suspendable<DecideNeed, SoftFailure | undefined> {
  const { current } = draft.room
  if (current === NO_NID || current === before) return undefined
  const failure = softFailure(pdu, yield* authStateAt(draft, current, pdu))
  if (failure === undefined || !lacksPast) return failure
  const states = new Set([...(yield* afterExtremities(draft)), before])
  const { snapshot } = yield* resolveAfter(draft, states)
  return softFailure(pdu, yield* authStateAt(draft, snapshot, pdu))
}
