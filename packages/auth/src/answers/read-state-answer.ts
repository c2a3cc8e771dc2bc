import { type AsyncKeyFinder, eventTextsIn, type Pdu, receivePdu, verifySignatures } from '@roomserver/events'
import { type EventId, invalidArgument, isFailure, type RoomId, type RoomVersionId } from '@roomserver/types'
import { type RoomVersionRules, rulesArgument } from '@roomserver/version'
import { type AuthState, authStateOf } from '../state.ts'
import { type Refusals, withoutRefused } from './refusals.ts'

/** What the answer is about, and what it is verified with. */
export interface StateAnswerOptions {
  readonly roomId: RoomId
  /** The version of the room, or its rules. */
  readonly version: RoomVersionId | RoomVersionRules
  /** Finds the keys of servers, see `createKeyFinder`. */
  readonly findKey: AsyncKeyFinder
  /** Milliseconds since the epoch: keys are believed for 7 days from then at the most. */
  readonly now: number
}

/** An event of an answer that is left out. */
export interface RefusedEvent {
  /** `undefined`: it is so malformed that it has none. */
  readonly eventId: EventId | undefined
  readonly reason: string
}

/** The state of a room as another server gave it, as far as it can be verified. */
export interface VerifiedState {
  readonly ok: true
  /** The state: parsed, signed, allowed by their auth events, one event for each entry. */
  readonly events: readonly Pdu[]
  /** Events of the auth chain that are not in the state. */
  readonly authChain: readonly Pdu[]
  /** The state for `checkAuth` and `permissionsOf`. */
  readonly state: AuthState
  /** What was left out, and why. */
  readonly refused: readonly RefusedEvent[]
}

/** The state, or why nothing of the answer can be used. */
export type StateAnswerVerdict = VerifiedState | { readonly ok: false; readonly reason: string }

/**
 * Reads and verifies what a server answers to `/state`: parses each event, checks its hash and its signatures, and whether its
 * auth events allow it. What does not pass is left out, and so is what builds on it.
 *
 * @param answer - the JSON text, or the object parsed from it; text keeps the numbers of old room versions as they are written
 * @throws {RoomserverError} INVALID_ARGUMENT, UNSUPPORTED_ROOM_VERSION, and what `findKey` throws
 * @see https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1stateroomid
 * @example
 * ```ts
 * import { permissionsOf, readStateAnswer } from '@roomserver/auth'
 * import type { AsyncKeyFinder } from '@roomserver/events'
 *
 * declare const answer: string // of GET /_matrix/federation/v1/state/{roomId}
 * declare const findKey: AsyncKeyFinder // as createKeyFinder makes one
 * const room = { roomId: '!room:example.org', version: '11', findKey, now: Date.now() }
 * const verdict = await readStateAnswer(answer, room)
 * if (verdict.ok) console.log(permissionsOf('@bot:example.org', verdict.state).send('m.room.message').allowed)
 * ```
 */
export function readStateAnswer(
  answer: string | object,
  options: StateAnswerOptions,
): Promise<StateAnswerVerdict> {
  return readStateIn(answer, 'pdus', options)
}

/** {@link readStateAnswer} with the state in a list of another name. */
export async function readStateIn(
  answer: string | object,
  list: 'pdus' | 'state',
  options: StateAnswerOptions,
): Promise<StateAnswerVerdict> {
  if (typeof options !== 'object' || options === null)
    throw invalidArgument('options', 'the room and a finder of keys')
  const { findKey, now, roomId } = options
  if (typeof findKey !== 'function') throw invalidArgument('findKey', 'a function that finds keys')
  if (!Number.isFinite(now)) throw invalidArgument('now', 'milliseconds since the epoch')
  const rules = rulesArgument('version', options.version)
  if (typeof roomId !== 'string') throw invalidArgument('roomId', 'the room whose state it is')
  const texts = textsIn(answer, list)
  if (texts === undefined) return { ok: false, reason: `the answer has no lists ${list} and auth_chain` }
  const refused: RefusedEvent[] = []
  const stateEvents = parsed(texts.state, { roomId, rules }, refused)
  const all = new Map(stateEvents)
  for (const [id, pdu] of parsed(texts.authChain, { roomId, rules }, refused)) all.set(id, pdu)

  const signed = await signedOf([...all.values()], options, refused)
  const accepted: Refusals = withoutRefused(signed)
  refused.push(...accepted.refused)
  const isAccepted = (pdu: Pdu) => accepted.events.has(pdu.eventId)
  const byEntry = new Map<string, Pdu>()
  for (const pdu of stateEvents.values()) {
    const entry = JSON.stringify([pdu.type, pdu.stateKey])
    if (pdu.stateKey === undefined) refused.push({ eventId: pdu.eventId, reason: 'it is not a state event' })
    else if (byEntry.has(entry))
      refused.push({ eventId: pdu.eventId, reason: 'the state has two events of its type and state key' })
    else if (isAccepted(pdu)) byEntry.set(entry, pdu)
  }
  const events = [...byEntry.values()]
  const create = events.find(({ type, stateKey }) => type === 'm.room.create' && stateKey === '')
  if (create === undefined)
    return { ok: false, reason: 'the answer has no create event that can be verified' }
  const version = create.content['room_version'] ?? '1'
  if (version !== rules.version)
    return { ok: false, reason: `the room is of version ${JSON.stringify(version)}, not ${rules.version}` }
  const inState = new Set(events)
  const authChain = [...accepted.events.values()].filter((pdu) => !inState.has(pdu))
  return { ok: true, events, authChain, state: authStateOf(events), refused }
}

function textsIn(answer: string | object, list: string) {
  try {
    const state = eventTextsIn(answer, list)
    const authChain = eventTextsIn(answer, 'auth_chain')
    return state === undefined || authChain === undefined ? undefined : { state, authChain }
  } catch (error) {
    if (isFailure(error, 'MALFORMED_EVENT')) return undefined
    throw error
  }
}

function parsed(
  texts: readonly string[],
  { roomId, rules }: { readonly roomId: RoomId; readonly rules: RoomVersionRules },
  refused: RefusedEvent[],
): ReadonlyMap<EventId, Pdu> {
  const pdus = new Map<EventId, Pdu>()
  for (const text of texts) {
    const verdict = receivePdu(text, rules)
    if (!verdict.ok) refused.push({ eventId: undefined, reason: verdict.reason })
    else if (verdict.pdu.roomId !== roomId)
      refused.push({ eventId: verdict.pdu.eventId, reason: `it is of room ${verdict.pdu.roomId}` })
    else pdus.set(verdict.pdu.eventId, verdict.pdu)
  }
  return pdus
}

/** How many events are verified at the same time. */
const AT_ONCE = 128

async function signedOf(
  pdus: readonly Pdu[],
  { findKey, now }: StateAnswerOptions,
  refused: RefusedEvent[],
): Promise<readonly Pdu[]> {
  const signed: Pdu[] = []
  for (let at = 0; at < pdus.length; at += AT_ONCE) {
    const some = pdus.slice(at, at + AT_ONCE)
    const verdicts = await Promise.all(some.map((pdu) => verifySignatures(pdu, findKey, now)))
    for (const [index, pdu] of some.entries()) {
      const verdict = verdicts[index]
      if (verdict?.ok === true) signed.push(pdu)
      else refused.push({ eventId: pdu.eventId, reason: `${verdict?.server}: ${verdict?.reason}` })
    }
  }
  return signed
}
