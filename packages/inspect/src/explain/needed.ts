import { type AuthState, checkAuth, CREATOR_LEVEL, powerLevelOf, powersIn } from '@roomserver/auth'
import { type Pdu, trustedPdu } from '@roomserver/events'
import { isJsonObject, type JsonObject } from '@roomserver/types'
import { listed } from './wording.ts'

/** A state that is other than the real one in one respect. */
interface OtherState {
  /** Behind "with". */
  readonly says: string
  readonly state: AuthState
}

/** How many ways are told. */
const MAX_WAYS = 5

/**
 * What would have to be different in a state for the rules to allow an event that they do not allow: found by trying the
 * rules on states that are other in one respect, or else in two. Each is a phrase to go behind "It would be allowed".
 */
export function neededFor(event: Pdu, state: AuthState): readonly string[] {
  if (checkAuth(event, state).allowed) return []
  const single = changesOf(event, state).filter((other) => checkAuth(event, other.state).allowed)
  if (single.length > 0) return shownWays(single.map(({ says }) => [says]))
  const pairs = changesOf(event, state).flatMap((first) =>
    changesOf(event, first.state)
      .filter((second) => first.says < second.says && checkAuth(event, second.state).allowed)
      .map((second) => [first.says, second.says]),
  )
  return shownWays(pairs)
}

function shownWays(ways: readonly (readonly string[])[]): readonly string[] {
  return ways.slice(0, MAX_WAYS).map((changes) => `with ${listed(changes)}`)
}

/** States that are other in what most often decides: memberships, power levels, the join rule. */
function changesOf(event: Pdu, state: AuthState): readonly OtherState[] {
  return [...membershipChanges(event, state), ...levelChanges(event, state), ...joinRuleChanges(event, state)]
}

function membershipChanges(event: Pdu, state: AuthState): readonly OtherState[] {
  const { sender, stateKey, type } = event
  const target =
    type === 'm.room.member' && stateKey !== undefined && stateKey !== sender ? stateKey : undefined
  const wanted = [
    [sender, 'join'],
    [sender, 'invite'],
    [sender, 'leave'],
    ...(target === undefined
      ? []
      : [
          [target, 'join'],
          [target, 'invite'],
          [target, 'leave'],
        ]),
  ] as const
  return wanted.flatMap(([user = '', membership = '']) => {
    const now = state.get('m.room.member', user)?.content['membership']
    const isItself = user === stateKey && membership === event.content['membership']
    if (now === membership || isItself) return []
    const member = imaginedState(event, 'm.room.member', user, { membership })
    return [
      {
        says: `the membership \`${membership}\` for ${user} (it is ${shown(now)})`,
        state: over(state, member),
      },
    ]
  })
}

function levelChanges(event: Pdu, state: AuthState): readonly OtherState[] {
  const { sender } = event
  if (state.get('m.room.create', '') === undefined) return []
  const now = levelOf(sender, event, state)
  if (now >= CREATOR_LEVEL) return []
  for (const level of levelsAbove(now, event, state)) {
    const other = over(state, imaginedState(event, 'm.room.power_levels', '', withLevel(event, state, level)))
    const isEnough = checkAuth(event, other).allowed
    const says = `a power level of ${level} for ${sender} (it is ${now})`
    if (isEnough) return [{ says, state: other }]
  }
  const highest = levelsAbove(now, event, state).at(-1)
  if (highest === undefined) return []
  const content = withLevel(event, state, highest)
  const says = `a power level of ${highest} for ${sender} (it is ${now})`
  return [{ says, state: over(state, imaginedState(event, 'm.room.power_levels', '', content)) }]
}

/** The level of a user, or of whatever stands in the place of one. */
function levelOf(user: string, { rules }: Pdu, state: AuthState): number {
  const sources = {
    rules,
    create: state.get('m.room.create', ''),
    powerLevels: state.get('m.room.power_levels', ''),
  }
  return powerLevelOf(user, sources)
}

/** Levels that something in the room or in the event may ask for, the lowest first. */
function levelsAbove(now: number, event: Pdu, state: AuthState): readonly number[] {
  const powers = powersIn(state, event.rules)
  const named = numbersIn(state.get('m.room.power_levels', '')?.content ?? {})
  const asked = event.type === 'm.room.power_levels' ? numbersIn(event.content) : []
  const needed = powers.levelToSend(event.type, event.stateKey === undefined ? 'message' : 'state')
  const target = event.stateKey === undefined ? 0 : levelOf(event.stateKey, event, state)
  const all = [50, 100, needed, target, target + 1, ...named, ...asked, ...named.map((level) => level + 1)]
  return [...new Set(all)].filter((level) => Number.isSafeInteger(level) && level > now).sort((a, b) => a - b)
}

/** At most so many numbers of power levels are tried. */
const MAX_NUMBERS = 200

function numbersIn(content: JsonObject): readonly number[] {
  const values = Object.values(content).flatMap((value) =>
    isJsonObject(value) ? Object.values(value) : [value],
  )
  const numbers = values.filter((value) => typeof value === 'number')
  return [...new Set(numbers)].slice(0, MAX_NUMBERS)
}

function withLevel(event: Pdu, state: AuthState, level: number): JsonObject {
  const { content = {} } = state.get('m.room.power_levels', '') ?? {}
  const users = isJsonObject(content['users']) ? content['users'] : {}
  return { ...content, users: { ...users, [event.sender]: level } }
}

function joinRuleChanges(event: Pdu, state: AuthState): readonly OtherState[] {
  const { membership } = event.content
  if (event.type !== 'm.room.member' || (membership !== 'join' && membership !== 'knock')) return []
  const now = state.get('m.room.join_rules', '')?.content['join_rule'] ?? 'invite'
  const rule = membership === 'join' ? 'public' : 'knock'
  if (now === rule) return []
  const rules = imaginedState(event, 'm.room.join_rules', '', { join_rule: rule })
  return [{ says: `the join rule \`${rule}\` (it is ${shown(now)})`, state: over(state, rules) }]
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `\`${value}\`` : 'none'
}

function imaginedState(event: Pdu, type: string, stateKey: string, content: JsonObject): Pdu {
  const members = { type, state_key: stateKey, sender: event.sender, room_id: event.roomId, content }
  return trustedPdu(JSON.stringify(members), '$imagined', event.rules)
}

function over(state: AuthState, entry: Pdu): AuthState {
  return {
    get: (type, stateKey) =>
      type === entry.type && stateKey === entry.stateKey ? entry : state.get(type, stateKey),
  }
}
