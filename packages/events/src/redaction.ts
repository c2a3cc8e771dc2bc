import type { RedactionRules, RoomVersionRules } from '@roomserver/version'
import { mapMembers, type Members, membersOf, memberText, memberValue } from './json/members.ts'

const KEPT = `event_id type room_id sender state_key content hashes signatures depth
  prev_events auth_events origin_server_ts`.split(/\s+/)
const KEPT_BEFORE_V11: ReadonlySet<string> = new Set([...KEPT, 'prev_state', 'origin', 'membership'])
const KEPT_FROM_V11: ReadonlySet<string> = new Set(KEPT)

const POWER_LEVELS = 'ban events events_default kick redact state_default users users_default'.split(' ')

/**
 * An event's text as it is after redaction, `unsigned` left out: what remains of an event whose content hash does not
 * match.
 *
 * @param signatures - `without`: what the event ID and the signatures cover
 * @see https://spec.matrix.org/v1.19/rooms/v11/#redactions
 */
export function redactedText(
  event: Members,
  rules: RoomVersionRules,
  signatures: 'with' | 'without' = 'with',
): string {
  const kept = rules.redaction.layout === 'v11' ? KEPT_FROM_V11 : KEPT_BEFORE_V11
  const type = memberValue(event, 'type')
  return mapMembers(event, (name, start, end) => {
    if (name === 'content') return redactedContent(type, event.text.slice(start, end), rules.redaction)
    if (name === 'signatures') return signatures === 'with'
    // The room ID of such a room is the create event's own hash, so it can't be part of what is hashed.
    if (name === 'room_id' && type === 'm.room.create') return rules.roomId !== 'create-hash'
    return kept.has(name)
  })
}

function redactedContent(type: unknown, content: string, rules: RedactionRules): string {
  if (typeof type !== 'string') return '{}'
  if (type === 'm.room.create' && rules.layout === 'v11') return content.startsWith('{') ? content : '{}'
  const keys = keptContentKeys(type, rules)
  const members = keys.length === 0 ? undefined : membersOf(content)
  if (members === undefined) return '{}'
  return mapMembers(members, (name, start, end) => {
    if (!keys.includes(name)) return false
    return name !== 'third_party_invite' || signedPart(members.text.slice(start, end))
  })
}

/** `third_party_invite` of a membership event keeps its `signed`; one that is not an object is removed. */
function signedPart(thirdPartyInvite: string): string | false {
  const members = membersOf(thirdPartyInvite)
  return members ? mapMembers(members, (name) => name === 'signed') : false
}

function keptContentKeys(type: string, rules: RedactionRules): readonly string[] {
  const v11 = rules.layout === 'v11'
  switch (type) {
    case 'm.room.member':
      return [
        'membership',
        ...(rules.keepMemberAuthorisingServer ? ['join_authorised_via_users_server'] : []),
        ...(v11 ? ['third_party_invite'] : []),
      ]
    case 'm.room.create':
      return ['creator']
    case 'm.room.join_rules':
      return rules.keepJoinRulesAllow ? ['join_rule', 'allow'] : ['join_rule']
    case 'm.room.power_levels':
      return v11 ? [...POWER_LEVELS, 'invite'] : POWER_LEVELS
    case 'm.room.history_visibility':
      return ['history_visibility']
    case 'm.room.aliases':
      return rules.keepAliases ? ['aliases'] : []
    case 'm.room.redaction':
      return v11 ? ['redacts'] : []
    default:
      return []
  }
}

/** Content that the authorization rules read, by event type. */
const READ_BY_RULES: Readonly<Record<string, readonly string[]>> = {
  'm.room.create': ['creator', 'room_version', 'm.federate', 'additional_creators'],
  'm.room.member': ['membership', 'join_authorised_via_users_server', 'third_party_invite'],
  'm.room.join_rules': ['join_rule'],
  'm.room.power_levels': [...POWER_LEVELS, 'invite', 'notifications'],
  'm.room.third_party_invite': ['public_key', 'public_keys'],
}

/**
 * What of an event the authorization rules read that its redaction takes away: the canonical text of an object with
 * `content`, and `redacts` where the version has that beside the content.
 */
export function authTextLost(event: Members, rules: RoomVersionRules): string {
  const type = memberValue(event, 'type')
  const kept = membersOf(redactedText(event, rules))
  const content = membersOf(memberText(event, 'content') ?? '{}')
  const keptContent = membersOf((kept && memberText(kept, 'content')) ?? '{}')
  const names = (typeof type === 'string' && Object.hasOwn(READ_BY_RULES, type) && READ_BY_RULES[type]) || []
  const lost = content
    ? mapMembers(content, (name, start, end) => {
        if (!names.includes(name) || (keptContent && memberText(keptContent, name) !== undefined))
          return false
        return name !== 'third_party_invite' || signedPart(content.text.slice(start, end))
      })
    : '{}'
  const redacts = type === 'm.room.redaction' && kept && memberText(kept, 'redacts') === undefined
  const named = redacts ? memberText(event, 'redacts') : undefined
  return named === undefined ? `{"content":${lost}}` : `{"content":${lost},"redacts":${named}}`
}
