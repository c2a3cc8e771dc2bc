import type { Pdu } from '@roomserver/events'
import { invalidArgument, type JsonObject, type UserId } from '@roomserver/types'
import { checkRules, type RoomVersionRules } from '@roomserver/version'
import { thirdPartyToken } from './auth-context.ts'
import { checkSameVersion } from './powers.ts'
import { type AuthState, checkState, entryOf } from './state.ts'

/** A key of the room's state: type and state key. */
export type StateTuple = readonly [type: string, stateKey: string]

/** The properties that select the state an event is checked against; a parsed event has them, and so has one to be built. */
export interface AuthSubject {
  readonly type: string
  readonly stateKey: string | undefined
  readonly sender: UserId
  readonly content: JsonObject
}

/** Where the create event stands in every state. */
export const CREATE: StateTuple = ['m.room.create', '']
const POWER_LEVELS: StateTuple = ['m.room.power_levels', '']
const JOIN_RULES: StateTuple = ['m.room.join_rules', '']

/**
 * The entries of the state that decide about an event, the create event first; none for a create event.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
 */
export function authTypesFor(subject: AuthSubject, rules: RoomVersionRules): readonly StateTuple[] {
  checkRules('rules', rules)
  if (typeof subject?.type !== 'string' || typeof subject.sender !== 'string')
    throw invalidArgument('subject', 'an event with its type, sender, stateKey and content')
  if (subject.type === 'm.room.create') return []
  const tuples: StateTuple[] = [CREATE, POWER_LEVELS, ['m.room.member', subject.sender]]
  if (subject.type === 'm.room.member') addMemberTuples(tuples, subject, rules)
  return tuples
}

function addMemberTuples(tuples: StateTuple[], subject: AuthSubject, rules: RoomVersionRules): void {
  const { content, sender, stateKey } = subject
  const { membership, join_authorised_via_users_server: authoriser } = content
  const users = new Set([sender])
  const addUser = (user: string) => {
    if (!users.has(user)) tuples.push(['m.room.member', user])
    users.add(user)
  }
  if (stateKey !== undefined) addUser(stateKey)
  if (membership === 'join' || membership === 'invite' || membership === 'knock') tuples.push(JOIN_RULES)
  if (membership === 'invite') {
    const token = thirdPartyToken(subject)
    if (token !== undefined) tuples.push(['m.room.third_party_invite', token])
  }
  if (membership === 'join' && rules.auth.restrictedJoins && typeof authoriser === 'string')
    addUser(authoriser)
}

/** {@link authTypesFor}, without the create event where the room ID already names it. */
export function referencedTypesFor(subject: AuthSubject, rules: RoomVersionRules): readonly StateTuple[] {
  const tuples = authTypesFor(subject, rules)
  return rules.roomId === 'create-hash' ? tuples.filter((tuple) => tuple !== CREATE) : tuples
}

/**
 * The events to reference as `auth_events` of a new event, out of the state before it.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when an argument is something else, or the state is not that of one room with
 *   these rules
 * @see https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
 */
export function selectAuthEvents(
  subject: AuthSubject,
  state: AuthState,
  rules: RoomVersionRules,
): readonly Pdu[] {
  checkState('state', state)
  const selected = referencedTypesFor(subject, rules)
    .map(([type, stateKey]) => entryOf(state, type, stateKey))
    .filter((event) => event !== undefined)
  for (const event of selected) {
    checkSameVersion('rules', rules, event.rules.version)
    if (event.roomId !== selected[0]?.roomId)
      throw invalidArgument(
        'state',
        `a state of one room; it has events of ${selected[0]?.roomId} and ${event.roomId}`,
      )
  }
  return selected
}
