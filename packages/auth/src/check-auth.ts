import { checkPdu, type Pdu } from '@roomserver/events'
import { serverOf } from '@roomserver/types'
import { allow, type AuthContext, membershipOf, refuse } from './auth-context.ts'
import { createEventIn, createIdOf } from './create-event.ts'
import { levelNamed, levelOf, levelToSend, showLevel } from './levels.ts'
import { checkMember } from './member/check-member.ts'
import { checkPowerLevels } from './power-levels/check-power-levels.ts'
import { isOfRoom, ofOtherRoom } from './of-room.ts'
import { type AuthState, checkState, entryOf } from './state.ts'
import { type AuthVerdict, allowed, refused } from './verdict.ts'

/**
 * Says whether the authorization rules of its room version allow an event in a room of the given state, and which
 * rule decided. Pure and total: any event and any state have a verdict. That a redaction is allowed does not say that it
 * takes effect: {@link checkRedaction} does, and {@link permissionsOf} says what a user may redact.
 *
 * This is the half that depends on the state; {@link checkAuthEvents} is the other one, and the one that checks create
 * events: the state has no part in those. Signatures are taken as checked, but for those inside a third-party invite,
 * which are checked here.
 *
 * @param state - read for the entries that {@link authTypesFor} lists; `undefined` there means that the room has none.
 *   Where the room ID names the create event ({@link createIdOf}), the state has to hold that one. In the state of another
 *   room, or of a room of another version, nothing is allowed
 * @throws {RoomserverError} INVALID_ARGUMENT when an argument is something else, such as a `Map` for a state
 * @see https://spec.matrix.org/v1.19/server-server-api/#authorisation-rules
 * @example
 * ```ts
 * import { authStateOf, checkAuth } from '@roomserver/auth'
 * import type { Pdu } from '@roomserver/events'
 *
 * declare const event: Pdu
 * declare const state: readonly Pdu[] // the state before the event
 * const verdict = checkAuth(event, authStateOf(state))
 * console.log(verdict.rule, verdict.allowed ? 'allowed' : verdict.reason)
 * ```
 */
export function checkAuth(event: Pdu, state: AuthState): AuthVerdict {
  checkPdu('event', event)
  checkState('state', state)
  const { rules, type } = event
  if (type === 'm.room.create') return allowed(rules, 'create/otherwise')
  const create = createEventIn(state, event)
  if (create === undefined) return withoutCreate(event)
  if (!isOfRoom(create, event)) return ofOtherRoom(event, create)
  const c: AuthContext = {
    event,
    rules,
    state,
    create,
    powerLevels: entryOf(state, 'm.room.power_levels', ''),
  }

  const verdict = checkFederation(c)
  if (verdict !== undefined) return verdict
  if (type === 'm.room.aliases' && rules.auth.aliasesBelongToDomain) return checkAliases(c)
  if (type === 'm.room.member') return checkMember(c)
  return checkOther(c)
}

function withoutCreate(event: Pdu): AuthVerdict {
  const isNamed = createIdOf(event) !== undefined
  const { roomId, rules } = event
  const reason = () => `${roomId} has no create event in its state${isNamed ? ' that it is named after' : ''}`
  return refused(rules, isNamed ? 'room-id' : 'auth-events/create', reason, [])
}

function checkFederation(c: AuthContext): AuthVerdict | undefined {
  const federate = c.create.content['m.federate']
  if (federate === undefined || federate === true) return undefined
  const { sender, stateKey, type } = c.event
  const host = serverOf(c.create.sender)
  const refuseStranger = (user: string) =>
    refuse(c, 'federate', () => `the room does not federate: ${user} is not of ${host}`)

  if (serverOf(sender) !== host) return refuseStranger(sender)
  // A value that is neither true nor false keeps other servers' users out as targets, too.
  const isOdd = federate !== false && type === 'm.room.member'
  return isOdd && stateKey !== undefined && serverOf(stateKey) !== host ? refuseStranger(stateKey) : undefined
}

function checkAliases(c: AuthContext): AuthVerdict {
  const { sender, stateKey } = c.event
  if (stateKey === undefined) return refuse(c, 'aliases/state-key', () => 'the event has no state_key')
  if (stateKey !== serverOf(sender)) {
    return refuse(c, 'aliases/domain', () => `the aliases of ${stateKey} are not set by ${sender}`)
  }
  return allow(c, 'aliases/otherwise')
}

/** Everything that a member of the room sends, apart from memberships. */
function checkOther(c: AuthContext): AuthVerdict {
  const { event } = c
  const { sender, type, stateKey } = event
  const membership = membershipOf(c.state, sender)
  if (membership !== 'join') {
    return refuse(c, 'sender', () => `${sender} is not joined (membership: ${membership ?? 'none'})`)
  }
  const level = levelOf(c, sender)
  if (type === 'm.room.third_party_invite') return checkThirdPartyInvite(c, level)

  const needed = levelToSend(c)
  if (!(level >= needed)) {
    const reason = () => `${sender} has level ${showLevel(level)}, sending ${type} needs ${showLevel(needed)}`
    return refuse(c, 'required-level', reason)
  }
  if (stateKey?.startsWith('@') === true && stateKey !== sender) {
    return refuse(c, 'state-key', () => `the state key ${stateKey} belongs to another user than ${sender}`)
  }
  if (type === 'm.room.power_levels') return checkPowerLevels(c, level)
  if (type === 'm.room.redaction' && c.rules.auth.redactionNeedsPowerOrSameDomain)
    return checkRedaction(c, level)
  return allow(c, 'otherwise')
}

function checkThirdPartyInvite(c: AuthContext, level: number): AuthVerdict {
  const needed = levelNamed(c, 'invite')
  if (level >= needed) return allow(c, 'third-party-invite/level')
  const { sender } = c.event
  return refuse(
    c,
    'third-party-invite/level',
    () => `${sender} has level ${showLevel(level)}, inviting needs ${showLevel(needed)}`,
  )
}

function checkRedaction(c: AuthContext, level: number): AuthVerdict {
  const { eventId, redacts, sender } = c.event
  const needed = levelNamed(c, 'redact')
  if (level >= needed) return allow(c, 'redaction/level')
  const server = serverOf(eventId)
  if (redacts !== undefined && server !== undefined && serverOf(redacts) === server) {
    return allow(c, 'redaction/domain')
  }
  return refuse(
    c,
    'redaction/otherwise',
    () =>
      `${sender} has level ${showLevel(level)}, redacting needs ${showLevel(needed)} or an event of ${server ?? 'one server'} (not ${redacts ?? 'nothing'})`,
  )
}
