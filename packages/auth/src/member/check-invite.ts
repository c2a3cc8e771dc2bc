import { allow, type MemberCase, refuse } from '../auth-context.ts'
import { levelNamed, levelOf, showLevel } from '../levels.ts'
import type { AuthVerdict } from '../verdict.ts'
import { checkThirdPartyPart } from './check-third-party-part.ts'

/** Inviting somebody, or turning a third-party invite into an invite of the user who took it. */
export function checkInvite(c: MemberCase): AuthVerdict {
  if (c.event.content['third_party_invite'] !== undefined) return checkThirdPartyPart(c)
  const { sender } = c.event
  const { target } = c
  const membership = c.senderIs
  if (membership !== 'join') {
    return refuse(
      c,
      'member/invite/sender',
      () => `${sender} is not joined (membership: ${membership ?? 'none'})`,
    )
  }
  const already = c.targetIs
  if (already === 'join' || already === 'ban') {
    const reason = () => `${target} cannot be invited (membership: ${already})`
    return refuse(c, 'member/invite/target', reason)
  }
  const level = levelOf(c, sender)
  const needed = levelNamed(c, 'invite')
  if (level >= needed) return allow(c, 'member/invite/level')
  const reason = () =>
    `${sender} has level ${showLevel(level)}, inviting ${target} needs ${showLevel(needed)}`
  return refuse(c, 'member/invite/otherwise', reason)
}
