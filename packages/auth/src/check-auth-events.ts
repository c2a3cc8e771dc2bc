import { checkPdu, type Pdu } from '@roomserver/events'
import { type EventId, invalidArgument, isJsonObject, serverOf } from '@roomserver/types'
import { CREATE, referencedTypesFor } from './auth-types.ts'
import { textIn } from './auth-context.ts'
import { checkCreate } from './check-create.ts'
import { createIdOf } from './create-event.ts'
import type { RuleKey } from './rules/table.ts'
import { type AuthVerdict, allowed, refused } from './verdict.ts'

/** Finds the events that another one references. */
export interface ReferencedEvents {
  /** `undefined`: not known here. */
  get(eventId: EventId): Pdu | undefined
  /** Tells whether an event that is known was rejected. */
  isRejected(eventId: EventId): boolean
}

/**
 * Says whether the authorization rules allow what an event says about itself: the list of events that it references, and
 * who signed it. Pure and total. This is the half that does not depend on the state; {@link checkAuth} is the other.
 *
 * Take care that the events it references are there, the create event of a version 12 room among them: one that is not
 * is refused.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export function checkAuthEvents(event: Pdu, referenced: ReferencedEvents): AuthVerdict {
  checkPdu('event', event)
  if (typeof referenced?.get !== 'function' || typeof referenced.isRejected !== 'function')
    throw invalidArgument(
      'referenced',
      'an object with get and isRejected; a Map does not say what was rejected',
    )
  if (event.type === 'm.room.create') return checkCreate(event)
  return (
    checkRoom(event, referenced) ??
    checkReferenced(event, referenced) ??
    checkMemberItself(event) ??
    allowed(event.rules, 'otherwise')
  )
}

/** Version 12: the room ID names the create event. */
function checkRoom(event: Pdu, referenced: ReferencedEvents): AuthVerdict | undefined {
  const { roomId, rules } = event
  const createId = createIdOf(event)
  if (createId === undefined) return undefined
  const create = referenced.get(createId)
  if (create?.type === 'm.room.create' && !referenced.isRejected(createId)) return undefined
  return refused(rules, 'room-id', () => `${roomId} is not the ID of an accepted create event`, [createId])
}

function checkReferenced(event: Pdu, referenced: ReferencedEvents): AuthVerdict | undefined {
  const { rules } = event
  const expected = referencedTypesFor(event, rules)
  const found = expected.map(() => false)
  for (const id of event.authEvents) {
    const auth = referenced.get(id)
    if (auth === undefined) return refused(rules, 'auth-events', () => `${id} is not known`, [id])
    const place = expected.findIndex(([type, key]) => auth.type === type && auth.stateKey === key)
    const fault = misplaced(place, found) ?? faultOf(event, auth, referenced)
    if (fault !== undefined) return refused(rules, fault.key, () => fault.sentence(id, auth), [id])
    found[place] = true
  }
  const isCreateThere = rules.roomId === 'create-hash' || found[expected.indexOf(CREATE)] === true
  return isCreateThere
    ? undefined
    : refused(rules, 'auth-events/create', () => 'no create event is cited', event.authEvents)
}

interface Fault {
  readonly key: RuleKey
  readonly sentence: (id: EventId, auth: Pdu) => string
}

const DUPLICATE: Fault = {
  key: 'auth-events/duplicate',
  sentence: (id, { type, stateKey }) =>
    `${id} is the second cited event of type ${type} with state key "${stateKey}"`,
}
const UNEXPECTED: Fault = {
  key: 'auth-events/unexpected',
  sentence: (id, { type, stateKey }) =>
    `${id} of type ${type} with ${stateKey === undefined ? 'no state key' : `state key "${stateKey}"`} has no say here`,
}
const OTHER_ROOM: Fault = {
  key: 'auth-events/room',
  sentence: (id, { roomId }) => `${id} is of room ${roomId}`,
}
const REJECTED: Fault = { key: 'auth-events/rejected', sentence: (id) => `${id} was rejected itself` }

function misplaced(place: number, found: readonly boolean[]): Fault | undefined {
  if (place < 0) return UNEXPECTED
  return found[place] === true ? DUPLICATE : undefined
}

function faultOf(event: Pdu, auth: Pdu, referenced: ReferencedEvents): Fault | undefined {
  if (referenced.isRejected(auth.eventId)) return REJECTED
  return auth.roomId === event.roomId ? undefined : OTHER_ROOM
}

/** What a member event must have whatever the state: its two members, and the signature of who let the user in. */
function checkMemberItself(event: Pdu): AuthVerdict | undefined {
  if (event.type !== 'm.room.member') return undefined
  const { rules, stateKey } = event
  const membership = textIn(event, 'membership')
  if (stateKey === undefined || membership === undefined) {
    const missing = stateKey === undefined ? 'state_key' : 'membership'
    return refused(rules, 'member/shape', () => `the event has no ${missing}`, [])
  }
  const user = event.content['join_authorised_via_users_server'] ?? undefined
  if (membership !== 'join' || user === undefined || !rules.auth.restrictedJoins) return undefined
  const server = typeof user === 'string' ? serverOf(user) : undefined
  if (server !== undefined && signingServers(event.json).has(server)) return undefined
  const reason = () => `the server of ${JSON.stringify(user)}, who authorised the join, has not signed`
  return refused(rules, 'member/authorised/signature', reason, [])
}

/** Who has signed an event. Only joins that another server authorised come here, so the text is parsed again. */
function signingServers(json: string): ReadonlySet<string> {
  try {
    const event: unknown = JSON.parse(json)
    const signatures = isJsonObject(event) ? event['signatures'] : undefined
    return new Set(isJsonObject(signatures) ? Object.keys(signatures) : [])
  } catch {
    return new Set()
  }
}
