import { allow, type MemberCase, refuse } from '../auth-context.ts'
import { levelNamed, levelOf, showLevel } from '../levels.ts'
import type { AuthVerdict } from '../verdict.ts'

/** Leaving, refusing an invite, taking back a knock; and kicking or unbanning somebody else. */
export function checkLeave(c: MemberCase): AuthVerdict {
  const { sender } = c.event
  const { target } = c
  const membership = c.senderIs
  if (sender === target) return checkOwnLeave(c, membership)
  if (membership !== 'join') {
    return refuse(
      c,
      'member/leave/sender',
      () => `${sender} is not joined (membership: ${membership ?? 'none'})`,
    )
  }
  const level = levelOf(c, sender)
  const toBan = levelNamed(c, 'ban')
  if (!(level >= toBan) && c.targetIs === 'ban') {
    const reason = () =>
      `${sender} has level ${showLevel(level)}, unbanning ${target} needs ${showLevel(toBan)}`
    return refuse(c, 'member/leave/banned', reason)
  }
  const needed = levelNamed(c, 'kick')
  const above = levelOf(c, target)
  if (level >= needed && level > above) return allow(c, 'member/leave/level')
  return refuse(
    c,
    'member/leave/otherwise',
    () =>
      `${sender} has level ${showLevel(level)}, kicking ${target} needs ${showLevel(needed)} and more than ${showLevel(above)}`,
  )
}

function checkOwnLeave(c: MemberCase, membership: string | undefined): AuthVerdict {
  const isInside = membership === 'join' || membership === 'invite'
  if (isInside || (membership === 'knock' && c.rules.auth.knocking)) return allow(c, 'member/leave/self')
  const { target } = c
  return refuse(
    c,
    'member/leave/self',
    () => `${target} has nothing to leave (membership: ${membership ?? 'none'})`,
  )
}
