import { allow, joinRule, type MemberCase, membershipOf, refuse, textIn } from '../auth-context.ts'
import { creatorOf, levelNamed, levelOf, showLevel } from '../levels.ts'
import type { AuthVerdict } from '../verdict.ts'

/** Joining: by the creator first of all, then as the join rule has it. */
export function checkJoin(c: MemberCase): AuthVerdict {
  const { sender } = c.event
  if (isCreatorsFirst(c)) return allow(c, 'member/join/creator')
  if (sender !== c.target)
    return refuse(c, 'member/join/other', () => `${sender} cannot join for ${c.target}`)
  if (c.senderIs === 'ban') return refuse(c, 'member/join/banned', () => `${sender} is banned`)
  return checkJoinRule(c)
}

/** The only event before this one is the create event, and the creator joins. */
function isCreatorsFirst(c: MemberCase): boolean {
  const { prevEvents } = c.event
  return (
    prevEvents.length === 1 &&
    prevEvents[0] === c.create.eventId &&
    c.target === creatorOf(c.create, c.rules.auth)
  )
}

function checkJoinRule(c: MemberCase): AuthVerdict {
  const membership = c.senderIs
  const { auth } = c.rules
  const rule = joinRule(c.state)
  const isInside = membership === 'join' || membership === 'invite'
  if (rule === 'public') return allow(c, 'member/join/public')
  if (rule === 'invite' || (auth.knocking && rule === 'knock')) {
    if (isInside) return allow(c, 'member/join/invited')
  } else if (
    (auth.restrictedJoins && rule === 'restricted') ||
    (auth.knockRestrictedJoins && rule === 'knock_restricted')
  ) {
    return isInside ? allow(c, 'member/join/restricted/member') : checkAuthoriser(c)
  }
  const { sender } = c.event
  return refuse(
    c,
    'member/join/otherwise',
    () => `the join rule is ${rule}, and ${sender} is not invited (membership: ${membership ?? 'none'})`,
  )
}

/** Joining on the word of a user who may invite. */
function checkAuthoriser(c: MemberCase): AuthVerdict {
  const key = 'member/join/restricted/authoriser'
  const user = textIn(c.event, 'join_authorised_via_users_server')
  if (user === undefined) {
    return refuse(
      c,
      key,
      () => `${c.target} is not invited, and no user who may invite stands in for the join`,
    )
  }
  const membership = membershipOf(c.state, user)
  if (membership !== 'join') {
    return refuse(
      c,
      key,
      () => `${user}, who authorised the join, is not joined (${membership ?? 'no membership'})`,
    )
  }
  const level = levelOf(c, user)
  const needed = levelNamed(c, 'invite')
  if (level >= needed) return allow(c, 'member/join/restricted/otherwise')
  const has = () => `${user}, who authorised the join, has level ${showLevel(level)}`
  return refuse(c, key, () => `${has()}, inviting needs ${showLevel(needed)}`)
}
