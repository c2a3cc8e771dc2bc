import type { JsonObject } from '@roomserver/types'
import type { AuthRules } from '@roomserver/version'

/**
 * Join rules for a room whose version may know fewer of them: of those that it knows, the nearest that lets nobody in whom
 * the old one kept out. A rule that a version does not know would keep out those who are invited, too.
 */
export function joinRulesFor(content: JsonObject, auth: AuthRules): JsonObject {
  const { join_rule: rule = 'invite' } = content
  return { ...content, join_rule: typeof rule === 'string' ? nearest(rule, auth) : rule }
}

function nearest(rule: string, auth: AuthRules): string {
  switch (rule) {
    case 'knock':
      return auth.knocking ? rule : 'invite'
    case 'restricted':
      return auth.restrictedJoins ? rule : 'invite'
    case 'knock_restricted':
      if (auth.knockRestrictedJoins) return rule
      return auth.restrictedJoins ? 'restricted' : nearest('knock', auth)
    default:
      return rule
  }
}
