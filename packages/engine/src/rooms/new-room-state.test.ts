import { roomVersion } from '@roomserver/version'
import { expect, it } from 'vitest'
import { newRoomState, type NewRoomState } from './new-room-state.ts'

const room: NewRoomState = {
  creator: '@alice:a',
  preset: 'private_chat',
  invite: [],
  creationContent: {},
  powerLevels: {},
  state: [],
}

function entries(change: Partial<NewRoomState> = {}, version = '10') {
  const rules = roomVersion(version)
  if (rules === undefined) throw new Error(`room version ${version} is not known`)
  const state = newRoomState({ ...room, ...change }, rules)
  return state.map(
    ({ type, stateKey, content }) => [stateKey === '' ? type : `${type} ${stateKey}`, content] as const,
  )
}

const contentOf = (type: string, change: Partial<NewRoomState>, version?: string) =>
  Object.fromEntries(entries(change, version))[type]

it('begins a room with the create event, its creator and the power levels', () => {
  expect(entries().slice(0, 2)).toEqual([
    ['m.room.create', { creator: '@alice:a', room_version: '10' }],
    ['m.room.member @alice:a', { membership: 'join' }],
  ])
  expect(entries()[2]?.[0]).toBe('m.room.power_levels')
})

it.each([
  ['private_chat', 'invite', 'can_join', 0],
  ['trusted_private_chat', 'invite', 'can_join', 0],
  ['public_chat', 'public', 'forbidden', 50],
] as const)('makes a %s', (preset, joinRule, guestAccess, invite) => {
  expect(entries({ preset }).slice(3)).toEqual([
    ['m.room.join_rules', { join_rule: joinRule }],
    ['m.room.history_visibility', { history_visibility: 'shared' }],
    ['m.room.guest_access', { guest_access: guestAccess }],
  ])
  expect(contentOf('m.room.power_levels', { preset })).toMatchObject({
    users: { '@alice:a': 100 },
    users_default: 0,
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
      'm.room.tombstone': 100,
    },
  })
})

it('makes those who are trusted equals: by their level, or as creators where those stand above all levels', () => {
  const trusted = { preset: 'trusted_private_chat', invite: ['@bob:b', '@bob:b'] } as const
  expect(contentOf('m.room.power_levels', trusted)).toMatchObject({
    users: { '@alice:a': 100, '@bob:b': 100 },
  })
  expect(contentOf('m.room.create', trusted)).not.toHaveProperty('additional_creators')
  expect(contentOf('m.room.create', trusted, '12')).toEqual({
    room_version: '12',
    additional_creators: ['@bob:b'],
  })
  const one = { ...trusted, creationContent: { additional_creators: ['@carol:c'] } }
  expect(contentOf('m.room.create', one, '12')).toMatchObject({
    additional_creators: ['@carol:c', '@bob:b'],
  })
  expect(contentOf('m.room.power_levels', trusted, '12')).toMatchObject({
    users: {},
    events: { 'm.room.tombstone': 150 },
  })
})

it('puts what a caller wants in place of what the preset says, but never of the founding events', () => {
  const rules = { type: 'm.room.join_rules', stateKey: '', content: { join_rule: 'knock' } }
  const create = { type: 'm.room.create', stateKey: '', content: { creator: '@eve:e' } }
  const made = entries({
    state: [rules, create],
    alias: '#tea:a',
    name: 'Tea',
    topic: 'Leaves',
    powerLevels: { ban: 75 },
  })
  expect(made.map(([name]) => name)).toEqual([
    'm.room.create',
    'm.room.member @alice:a',
    'm.room.power_levels',
    'm.room.canonical_alias',
    'm.room.history_visibility',
    'm.room.guest_access',
    'm.room.join_rules',
    'm.room.create',
    'm.room.name',
    'm.room.topic',
  ])
  expect(made[0]?.[1]).toEqual({ creator: '@alice:a', room_version: '10' })
  expect(made[3]?.[1]).toEqual({ alias: '#tea:a' })
  expect(made[2]?.[1]).toMatchObject({ ban: 75, kick: 50 })
})
