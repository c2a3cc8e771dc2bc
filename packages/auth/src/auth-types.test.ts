import { describe, expect, it } from 'vitest'
import { createEvent, makeEvent, member, rulesOf, setting } from '../test/room.ts'
import { type AuthSubject, authTypesFor, referencedTypesFor, selectAuthEvents } from './auth-types.ts'
import { authStateOf } from './state.ts'

const subject = (membership: string, key: string, more: object = {}): AuthSubject => ({
  type: 'm.room.member',
  stateKey: key,
  sender: '@alice:a.test',
  content: { membership, ...more },
})
const keys = (version: string, about: AuthSubject) =>
  authTypesFor(about, rulesOf(version)).map(([type, key]) => `${type.replace('m.room.', '')}|${key}`)

const BASE = ['create|', 'power_levels|', 'member|@alice:a.test']
const BOB = 'member|@bob:b.test'

describe('authTypesFor', () => {
  const authorised = { join_authorised_via_users_server: '@eve:e.test' }
  const thirdParty = { third_party_invite: { signed: { token: 'abc' } } }
  it.each([
    ['10', { ...subject('x', ''), type: 'm.room.create' }, []],
    ['10', { ...subject('x', ''), type: 'm.room.topic' }, BASE],
    ['10', subject('join', '@alice:a.test'), [...BASE, 'join_rules|']],
    ['10', subject('join', '@alice:a.test', authorised), [...BASE, 'join_rules|', 'member|@eve:e.test']],
    ['7', subject('join', '@alice:a.test', authorised), [...BASE, 'join_rules|']],
    ['10', subject('leave', '@bob:b.test', authorised), [...BASE, BOB]],
    ['10', subject('invite', '@bob:b.test'), [...BASE, BOB, 'join_rules|']],
    [
      '10',
      subject('invite', '@bob:b.test', thirdParty),
      [...BASE, BOB, 'join_rules|', 'third_party_invite|abc'],
    ],
    ['10', subject('ban', '@bob:b.test'), [...BASE, BOB]],
    ['10', subject('knock', '@alice:a.test'), [...BASE, 'join_rules|']],
  ])('version %s: %j', (version, about, expected) => {
    expect(keys(version, about)).toEqual(expected)
  })
})

it('references the create event, but not where the room ID names it', () => {
  const about = subject('leave', '@bob:b.test')
  expect(referencedTypesFor(about, rulesOf('11'))[0]).toEqual(['m.room.create', ''])
  expect(referencedTypesFor(about, rulesOf('12'))[0]).toEqual(['m.room.power_levels', ''])
})

it('selects what the state has', () => {
  const create = createEvent('10')
  const alice = member('10', '@alice:a.test', 'join')
  const state = authStateOf([setting('10', 'm.room.topic', {}), alice, create, makeEvent('10', {})])
  const about = { ...subject('', ''), type: 'm.room.message', stateKey: undefined }
  expect(selectAuthEvents(about, state, rulesOf('10'))).toEqual([create, alice])
})
