import { checkPdu, eventTextIn, isSameEvent, type Pdu, receivePdu } from '@roomserver/events'
import { invalidArgument } from '@roomserver/types'
import { checkAuth } from '../check-auth.ts'
import { readStateIn, type StateAnswerOptions, type VerifiedState } from './read-state-answer.ts'

/** What was sent, and what the answer is verified with. */
export interface JoinAnswerOptions extends Omit<StateAnswerOptions, 'roomId' | 'version'> {
  /** The join that was sent. */
  readonly join: Pdu
}

/** The state before a join, and the join itself. */
export interface VerifiedJoin extends VerifiedState {
  /** The join, with the signatures that the resident server has added. */
  readonly join: Pdu
}

/** The state and the join, or why nothing of the answer can be used. */
export type JoinAnswerVerdict = VerifiedJoin | { readonly ok: false; readonly reason: string }

/**
 * Reads and verifies what a server answers to `/send_join`: the state as {@link readStateAnswer} does, that it allows the join,
 * and that the join which it sends back is the one that was sent.
 *
 * @param answer - the JSON text, or the object parsed from it
 * @throws {RoomserverError} INVALID_ARGUMENT, and what `findKey` throws
 * @see https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid
 * @example
 * ```ts
 * import { readJoinAnswer } from '@roomserver/auth'
 * import type { AsyncKeyFinder, Pdu } from '@roomserver/events'
 *
 * declare const answer: string // of PUT /_matrix/federation/v2/send_join/{roomId}/{eventId}
 * declare const join: Pdu // the event that was sent
 * declare const findKey: AsyncKeyFinder // as createKeyFinder makes one
 * const verdict = await readJoinAnswer(answer, { join, findKey, now: Date.now() })
 * console.log(verdict.ok ? verdict.events.length : verdict.reason)
 * ```
 */
export async function readJoinAnswer(
  answer: string | object,
  joinOptions: JoinAnswerOptions,
): Promise<JoinAnswerVerdict> {
  const { join, ...options } = joinOptions ?? {}
  checkPdu('join', join)
  if (join.type !== 'm.room.member') throw invalidArgument('join', 'the m.room.member event that was sent')
  const { roomId, rules } = join
  const verdict = await readStateIn(answer, 'state', { ...options, roomId, version: rules })
  if (!verdict.ok) return verdict
  const allowed = checkAuth(join, verdict.state)
  if (!allowed.allowed) return { ok: false, reason: `its state does not allow the join: ${allowed.reason}` }
  const signed = joinIn(answer, join)
  return signed === undefined
    ? { ok: false, reason: 'the join that it sends back is another event' }
    : { ...verdict, join: signed }
}

/** The join in an answer; `undefined`: it is another event. Servers need not send it back. */
function joinIn(answer: string | object, join: Pdu): Pdu | undefined {
  const text = eventTextIn(answer, 'event')
  if (text === undefined) return join
  const parsed = receivePdu(text, join.rules)
  return parsed.ok && isSameEvent(parsed.pdu, join) ? parsed.pdu : undefined
}
