import { allow, joinRule, type MemberCase, refuse } from '../auth-context.ts'
import type { AuthVerdict } from '../verdict.ts'

/** A user asks to be let in. */
export function checkKnock(c: MemberCase): AuthVerdict {
  const { sender } = c.event
  const rule = joinRule(c.state)
  if (rule !== 'knock' && !(c.rules.auth.knockRestrictedJoins && rule === 'knock_restricted')) {
    return refuse(c, 'member/knock/rule', () => `the join rule ${rule} does not let anyone knock`)
  }
  if (sender !== c.target)
    return refuse(c, 'member/knock/other', () => `${sender} cannot knock for ${c.target}`)
  const membership = c.senderIs
  if (membership === 'ban' || membership === 'invite' || membership === 'join') {
    return refuse(c, 'member/knock/otherwise', () => `${sender} cannot knock (membership: ${membership})`)
  }
  return allow(c, 'member/knock/allow')
}
