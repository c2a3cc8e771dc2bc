import { allow, type MemberCase, refuse } from '../auth-context.ts'
import { levelNamed, levelOf, showLevel } from '../levels.ts'
import type { AuthVerdict } from '../verdict.ts'

/** Banning somebody. */
export function checkBan(c: MemberCase): AuthVerdict {
  const { sender } = c.event
  const { target } = c
  const membership = c.senderIs
  if (membership !== 'join') {
    return refuse(
      c,
      'member/ban/sender',
      () => `${sender} is not joined (membership: ${membership ?? 'none'})`,
    )
  }
  const level = levelOf(c, sender)
  const needed = levelNamed(c, 'ban')
  const above = levelOf(c, target)
  if (level >= needed && level > above) return allow(c, 'member/ban/level')
  return refuse(
    c,
    'member/ban/otherwise',
    () =>
      `${sender} has level ${showLevel(level)}, banning ${target} needs ${showLevel(needed)} and more than ${showLevel(above)}`,
  )
}
