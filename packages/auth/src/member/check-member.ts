import { isUserId } from '@roomserver/types'
import {
  type AuthContext,
  type MemberCase,
  membershipOf,
  refuse,
  textIn,
  UNREADABLE,
} from '../auth-context.ts'
import type { AuthVerdict } from '../verdict.ts'
import { checkBan } from './check-ban.ts'
import { checkInvite } from './check-invite.ts'
import { checkJoin } from './check-join.ts'
import { checkKnock } from './check-knock.ts'
import { checkLeave } from './check-leave.ts'

/** The rules for `m.room.member`. @see https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules */
export function checkMember(c: AuthContext): AuthVerdict {
  const { create, event, powerLevels, rules, state } = c
  const { stateKey } = event
  const membership = textIn(event, 'membership')
  if (stateKey === undefined || membership === undefined) {
    return refuse(
      c,
      'member/shape',
      () => `the event has no ${stateKey === undefined ? 'state_key' : 'membership'}`,
    )
  }
  if (!isUserId(stateKey)) return refuse(c, 'member/shape', () => `the state key ${stateKey} is no user ID`)
  const senderIs = membershipOf(state, event.sender)
  const targetIs = event.sender === stateKey ? senderIs : membershipOf(state, stateKey)
  const member: MemberCase = {
    event,
    rules,
    state,
    create,
    powerLevels,
    target: stateKey,
    senderIs,
    targetIs,
  }
  if (senderIs === UNREADABLE || targetIs === UNREADABLE) {
    return refuse(c, 'member', () => `the state has a member event without a membership`)
  }
  return checkMembership(member, membership)
}

function checkMembership(c: MemberCase, membership: string): AuthVerdict {
  switch (membership) {
    case 'join':
      return checkJoin(c)
    case 'invite':
      return checkInvite(c)
    case 'leave':
      return checkLeave(c)
    case 'ban':
      return checkBan(c)
    case 'knock':
      if (c.rules.auth.knocking) return checkKnock(c)
  }
  return refuse(c, 'member/unknown', () => `${JSON.stringify(membership)} is no membership here`)
}
