import type { Pdu } from '@roomserver/events'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { member, type RoomEnd, type EventTemplate } from './compose.ts'
import type { World } from './world.ts'

/** Something that a user in a room may say; the rules are asked by who sends it. */
export function randomEvent(world: World, { roomId, state }: RoomEnd, sender: string): EventTemplate {
  const { dice } = world
  const kind = dice.below(100)
  const others = world.servers.flatMap(({ users }) => users)
  if (kind < 32) {
    return { type: 'm.room.message', sender, content: { body: dice.text(5), msgtype: 'm.text' } }
  }
  if (kind < 55) {
    const type = dice.pick(['m.room.topic', 'm.room.name', 'org.example.state'])
    return { type, sender, stateKey: dice.pick(['', '', 'key', '__proto__']), content: { n: dice.below(99) } }
  }
  if (kind < 72) {
    return { type: 'm.room.power_levels', sender, stateKey: '', content: randomLevels(world, state, others) }
  }
  if (kind < 78) {
    return { type: 'm.room.join_rules', sender, stateKey: '', content: randomJoinRule(world) }
  }
  if (kind < 82) {
    // Without its keys nobody could tell any more which invites went back to it rightly.
    const events = world.eventsOf(roomId).filter(({ type }) => type !== 'm.room.third_party_invite')
    const victim = dice.maybe(dice.chance(50) ? events.slice(-5) : events)
    return { type: 'm.room.redaction', sender, content: {}, redacts: victim?.eventId ?? '' }
  }
  if (kind < 84) {
    const visibility = dice.pick(['world_readable', 'world_readable', 'shared', 'invited', 'joined'])
    return historyVisibility(sender, visibility)
  }
  if (kind < 86) return member(sender, sender, 'join', { displayname: dice.text(3) })
  return randomMembership(world, state, others, sender)
}

export function historyVisibility(sender: string, visibility: string): EventTemplate {
  const content = { history_visibility: visibility }
  return { type: 'm.room.history_visibility', sender, stateKey: '', content }
}

/** An action on another user: users outside are sometimes let in; users who knock, are inside or invited can be removed. */
function randomMembership(
  { dice }: World,
  state: readonly Pdu[],
  others: readonly string[],
  sender: string,
): EventTemplate {
  const memberships = new Map(
    state
      .filter(({ type }) => type === 'm.room.member')
      .map(({ stateKey = '', content }) => [stateKey, content['membership']]),
  )
  const those = (...wanted: readonly unknown[]) =>
    others.filter((user) => wanted.includes(memberships.get(user)))
  if (dice.chance(60)) {
    const outside = those('knock', 'leave', undefined)
    return member(sender, dice.maybe(outside) ?? dice.pick(others), 'invite')
  }
  const waiting = dice.chance(75) ? dice.maybe(those('invite', 'knock')) : undefined
  const target = waiting ?? dice.maybe(those('join')) ?? dice.pick(others)
  return member(sender, target, dice.chance(70) ? 'leave' : 'ban')
}

function randomLevels(world: World, state: readonly Pdu[], others: readonly string[]): JsonObject {
  const { dice } = world
  const old = state.find((event) => event.type === 'm.room.power_levels')?.content ?? {}
  const users = objectOf(old['users'])
  if (dice.chance(70))
    return { ...old, users: { ...users, [dice.pick(others)]: dice.pick([0, 25, 50, 100]) } }
  const name = dice.pick(['state_default', 'ban', 'kick', 'invite', 'users_default'])
  return { ...old, [name]: dice.pick([0, 25, 50]) }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

/** Restricted rooms allow users of any other room. */
export function randomJoinRule({ dice, rooms }: World): JsonObject {
  const rules = [
    'public',
    'public',
    'public',
    'invite',
    'knock',
    'restricted',
    'restricted',
    'knock_restricted',
  ]
  const rule = dice.pick(rules)
  const allow = rooms.map((roomId) => ({ type: 'm.room_membership', room_id: roomId }))
  return { join_rule: rule, ...(rule.endsWith('restricted') && { allow }) }
}
