import type { Pdu } from '@roomserver/events'
import { checkAuth } from './check-auth.ts'
import type { AuthState } from './state.ts'
import type { AuthRefused } from './verdict.ts'

/**
 * Why an event fails softly: it passed against its own auth events and the state before it, but the room has moved on
 * and would not allow it now. It takes part in the graph of the room and is not shown to anyone. `undefined`: it does
 * not fail.
 *
 * @param current - the current state of the room, from all its forward extremities
 * @see https://spec.matrix.org/v1.19/server-server-api/#soft-failure
 */
export function softFailure(event: Pdu, current: AuthState): AuthRefused | undefined {
  const verdict = checkAuth(event, current)
  return verdict.allowed ? undefined : verdict
}
