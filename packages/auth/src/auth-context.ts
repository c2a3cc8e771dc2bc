import type { Pdu } from '@roomserver/events'
import { type EventId, isJsonObject, type UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { RULES, type Role, type RuleKey, type RuleStep } from './rules/table.ts'
import { type AuthState, entryOf } from './state.ts'
import { type AuthRefused, type AuthVerdict, allowed, refused } from './verdict.ts'

/** An event to be checked: the event, the state it is checked against, and the two entries that most rules read. */
export interface AuthContext {
  readonly event: Pdu
  readonly rules: RoomVersionRules
  readonly state: AuthState
  readonly create: Pdu
  /** The room's `m.room.power_levels`, if it has them. */
  readonly powerLevels: Pdu | undefined
}

/** A member event, the user it is about, and the memberships that the state gives the two. */
export interface MemberCase extends AuthContext {
  readonly target: UserId
  readonly senderIs: string | undefined
  readonly targetIs: string | undefined
}

/** Ends a case well, by the step that decided. */
export function allow(c: AuthContext, key: RuleKey): AuthVerdict {
  return allowed(c.rules, key)
}

/** Ends a case badly. `sentence` is not called before somebody reads the reason, so it closes over values only. */
export function refuse(c: AuthContext, key: RuleKey, sentence: () => string): AuthRefused {
  return refused(c.rules, key, sentence, lookedAt(c, RULES[key]))
}

/** A membership that is not a text; nothing is ever allowed because of it. */
export const UNREADABLE = '(unreadable)'

/** The membership that the state gives a user; `undefined` where it gives none. */
export function membershipOf(state: AuthState, user: UserId): string | undefined {
  const event = entryOf(state, 'm.room.member', user)
  if (event === undefined) return undefined
  const { membership } = event.content
  return typeof membership === 'string' ? membership : UNREADABLE
}

/** The room's join rule; `invite` if none is set. A value that is not a string is an unknown rule. */
export function joinRule(state: AuthState): string {
  const rule = entryOf(state, 'm.room.join_rules', '')?.content['join_rule']
  if (rule === undefined) return 'invite'
  return typeof rule === 'string' ? rule : JSON.stringify(rule)
}

/** `content[name]` of an event as a text; `undefined` for anything else. */
export function textIn(event: Pdu, name: string): string | undefined {
  const value = event.content[name]
  return typeof value === 'string' ? value : undefined
}

function lookedAt(c: AuthContext, step: RuleStep): readonly EventId[] {
  const events = (step.reads ?? []).map((role) => inRole(c, role)?.eventId)
  return [...new Set(events.filter((id) => id !== undefined))]
}

function inRole(c: AuthContext, role: Role): Pdu | undefined {
  const { event, state } = c
  switch (role) {
    case 'create':
      return c.create
    case 'power-levels':
      return c.powerLevels
    case 'sender':
      return state.get('m.room.member', event.sender)
    case 'target':
      return event.stateKey === undefined ? undefined : state.get('m.room.member', event.stateKey)
    case 'join-rules':
      return state.get('m.room.join_rules', '')
    case 'third-party': {
      const token = thirdPartyToken(event)
      return token === undefined ? undefined : state.get('m.room.third_party_invite', token)
    }
    case 'authoriser': {
      const user = textIn(event, 'join_authorised_via_users_server')
      return user === undefined ? undefined : state.get('m.room.member', user)
    }
  }
}

/** The token of the third-party invite that an invite goes back to. */
export function thirdPartyToken(event: Pick<Pdu, 'content'>): string | undefined {
  const invite = event.content['third_party_invite']
  const signed = isJsonObject(invite) ? invite['signed'] : undefined
  const token = isJsonObject(signed) ? signed['token'] : undefined
  return typeof token === 'string' ? token : undefined
}
