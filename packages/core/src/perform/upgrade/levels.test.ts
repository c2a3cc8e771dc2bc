import { RoomBuilder } from '@roomserver/testing'
import type { JsonObject } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { expect, it } from 'vitest'
import { forNewRoom, raised, restricted } from './levels.ts'

const rulesOf = (version: string): RoomVersionRules => roomVersion(version) ?? expect.fail('no such version')

const GREATEST = Number.MAX_SAFE_INTEGER

it.each<[string, JsonObject, readonly string[], number | undefined]>([
  ['state events take 50 by default', {}, [], 50],
  ['who has 50 need no more', { users: { '@bob:a': 50 } }, [], undefined],
  ['who has 49 need one more', { users: { '@bob:a': 49 } }, [], 50],
  ['everybody has enough', { users_default: 50 }, [], undefined],
  ['others have enough', { users: { '@alice:a': 50 }, users_default: 49 }, [], 50],
  ['state events take more', { state_default: 70 }, [], 70],
  ['state events take less, and bans do not', { state_default: 0 }, [], 50],
  ['bans take more', { ban: 80 }, [], 80],
  ['invites take more', { invite: 90 }, [], 90],
  ['one type of event takes more', { events: { 'm.room.name': 60, 'm.room.topic': 95 } }, [], 95],
  ['a level is a text', { state_default: '70' }, [], 70],
  ['levels cannot be read', { state_default: 'high', ban: null, invite: {}, users_default: [] }, [], 50],
  ['somebody is banned', { users: { '@eve:e': 90 } }, ['@eve:e'], 91],
  ['somebody with the default is banned', { users_default: 60 }, ['@eve:e'], 61],
  ['of two the one with the higher level counts', { users: { '@eve:e': 90 } }, ['@mal:e', '@eve:e'], 91],
  ['nobody can stand above', { users: { '@eve:e': GREATEST } }, ['@eve:e'], GREATEST],
])('raises the level of who upgrades as far as it has to, where %s', (_what, levels, banned, level) => {
  const made = raised(levels, '@bob:a', banned, rulesOf('11'))
  if (level === undefined) expect(made).toBe(levels)
  else expect(made).toEqual({ ...levels, users: { ...(levels['users'] as JsonObject), '@bob:a': level } })
  // There who upgrades creates the room, and stands above all levels.
  expect(raised(levels, '@bob:a', banned, rulesOf('12'))).toBe(levels)
})

it.each([
  [{}, 50],
  [{ users_default: 49 }, 50],
  [{ users_default: 50, ban: 60 }, 51],
  [{ users_default: '70', invite: 0, events_default: 0 }, 71],
])('closes a room to those who have no level of their own: %j', (levels, level) => {
  expect(restricted(levels)).toEqual({ ...levels, invite: level, events_default: level })
})

it.each<[string, JsonObject, number]>([
  ['a hundred', { users: { '@dave:a': 50 } }, 100],
  ['that of a user', { users: { '@dave:a': 120 } }, 120],
  ['that of a type of event', { users: {}, events: { 'm.room.name': 130 } }, 130],
  ['that of a notification', { users: {}, notifications: { room: 140 } }, 140],
  ['that of an action', { users: {}, ban: 150 }, 150],
])('gives creators the highest level there is: %s', async (_what, levels, highest) => {
  const old = RoomBuilder.empty({ version: '12' })
  const create = await old.addCreate({ additional_creators: ['@carol:a', 7, 'carol'] })
  await old.join(old.creator)
  const powerLevels = await old.state('m.room.power_levels', '', levels)
  const users = { ...(levels['users'] as JsonObject), '@alice:a': highest, '@carol:a': highest }
  expect(forNewRoom({ create, powerLevels }, '@dave:a', rulesOf('11'))).toEqual({ ...levels, users })
})
