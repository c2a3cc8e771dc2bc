import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import { authTypesFor, type StateTuple } from '../auth-types.ts'
import { joinRule, membershipOf } from '../auth-context.ts'
import { createEventIn } from '../create-event.ts'
import { creatorOf, creatorsOf, LEVEL_NAMES, levelNamed, levelOf, levelToSend, showLevel } from '../levels.ts'
import { type AuthState, checkState, entryOf } from '../state.ts'

/** What an entry of the state says about an event. */
export interface Reading {
  readonly type: string
  readonly stateKey: string
  /** The event that holds the entry; `undefined`: the state has none, and defaults count. */
  readonly eventId: EventId | undefined
  readonly says: string
}

/** Reads everything in a state that decides about an event. */
export function readingsFor(event: Pdu, state: AuthState): readonly Reading[] {
  checkState('state', state)
  return authTypesFor(event, event.rules).map((tuple): Reading => {
    const [type, stateKey] = tuple
    return {
      type,
      stateKey,
      eventId: entryOf(state, type, stateKey)?.eventId,
      says: says(tuple, event, state),
    }
  })
}

function says([type, stateKey]: StateTuple, event: Pdu, state: AuthState): string {
  switch (type) {
    case 'm.room.create':
      return creation(createEventIn(state, event))
    case 'm.room.power_levels':
      return levels(event, state)
    case 'm.room.join_rules':
      return `the join rule is ${joinRule(state)}`
    case 'm.room.member':
      return `the membership of ${stateKey} is ${membershipOf(state, stateKey) ?? 'none'}`
    default:
      return `the third-party invite is by ${entryOf(state, type, stateKey)?.sender ?? 'nobody'}`
  }
}

function creation(create: Pdu | undefined): string {
  if (create === undefined) return 'the room does not exist'
  const { auth } = create.rules
  const creators = auth.creatorsOutrankAll
    ? [...creatorsOf(create)].slice(0, 10).join(', ')
    : creatorOf(create, auth)
  const federates = create.content['m.federate'] ?? true
  return `created by ${creators ?? 'nobody'}${federates === true ? '' : ', not federated'}`
}

function levels(event: Pdu, state: AuthState): string {
  const { rules, sender, stateKey, type } = event
  const powerLevels = state.get('m.room.power_levels', '')
  const sources = { rules, create: state.get('m.room.create', ''), powerLevels }
  const target = type === 'm.room.member' && stateKey !== undefined && stateKey !== sender ? [stateKey] : []
  const users = [sender, ...target].map((user) => `${user} has ${showLevel(levelOf(sources, user))}`)
  const needs = type === 'm.room.member' ? ['kick', 'ban', 'invite'] : ['redact', 'invite']
  const actions = LEVEL_NAMES.filter((name) => needs.includes(name))
  const taken = actions.map((name) => `${name} takes ${showLevel(levelNamed(sources, name))}`)
  const sending = `sending this takes ${showLevel(levelToSend({ event, powerLevels, rules }))}`
  return [...users, sending, ...taken].join(', ')
}
