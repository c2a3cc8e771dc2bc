import {
  type AuthState,
  authStateOf,
  checkAuth,
  checkAuthEvents,
  checkPlanned,
  checkRedaction,
  CREATOR_LEVEL,
  explainAuth,
  mayUserSee,
  NOBODY_LEVEL,
  permissionsOf,
  powersIn,
  powersOf,
  selectAuthEvents,
  softFailure,
} from '@roomserver/auth'
import { type Pdu, pduFromClientEvent, trustedPdu } from '@roomserver/events'
import { requireRoomVersion } from '@roomserver/version'
import { describe, expect, it } from 'vitest'
import { refuses, untyped } from './misuse.ts'
import { ALICE, BOB, CLIENT_EVENT, EVE, EVENTS, message, ROOM, stateEvent, V10, V12 } from './room.ts'

const state = authStateOf(EVENTS)
const byType = new Map(EVENTS.map((event) => [event.type, event]))
const create = { sender: ALICE, content: { creator: ALICE, room_version: '10' } }
const eve = message(EVE)

describe('a Map for a state', () => {
  refuses([
    // @ts-expect-error -- a Map's get takes one key
    ['checkAuth', () => checkAuth(eve, byType), 'INVALID_ARGUMENT state'],
    // @ts-expect-error -- the same
    ['softFailure', () => softFailure(eve, byType), 'INVALID_ARGUMENT state'],
    // @ts-expect-error -- the same
    ['explainAuth', () => explainAuth(eve, byType), 'INVALID_ARGUMENT state'],
    // @ts-expect-error -- the same
    ['checkRedaction', () => checkRedaction(eve, eve, byType), 'INVALID_ARGUMENT state'],
    // @ts-expect-error -- the same
    ['powersIn', () => powersIn(byType, V10), 'INVALID_ARGUMENT state'],
    // @ts-expect-error -- the same
    ['selectAuthEvents', () => selectAuthEvents(eve, byType, V10), 'INVALID_ARGUMENT state'],
    // @ts-expect-error -- the same
    ['permissionsOf', () => permissionsOf(ALICE, byType), 'INVALID_ARGUMENT state'],
    [
      'checkPlanned',
      // @ts-expect-error -- the same
      () => checkPlanned({ type: 'x', sender: ALICE, content: {} }, byType),
      'INVALID_ARGUMENT state',
    ],
    [
      'mayUserSee',
      // @ts-expect-error -- the same
      () => mayUserSee(eve, { user: EVE, before: byType, joinedLater: false }),
      'INVALID_ARGUMENT before',
    ],
    // @ts-expect-error -- a WeakMap is not one either
    ['a WeakMap', () => checkAuth(eve, new WeakMap()), 'INVALID_ARGUMENT state'],
    [
      'an object around a Map',
      () => checkAuth(eve, { get: (type: string) => byType.get(type) }),
      'INVALID_ARGUMENT state',
    ],
    [
      'a function of both keys that forgets one',
      () => checkAuth(eve, { get: (type, _key) => byType.get(type) }),
      'INVALID_ARGUMENT state',
    ],
    ['a list', () => checkAuth(eve, untyped(EVENTS)), 'INVALID_ARGUMENT state'],
    ['nothing', () => checkAuth(eve, untyped(undefined)), 'INVALID_ARGUMENT state'],
  ])

  it('takes a state of one’s own', () => {
    const own: AuthState = {
      get: (type, key) => EVENTS.find((event) => event.type === type && event.stateKey === key),
    }
    expect(checkAuth(message(BOB), own)).toMatchObject({ allowed: true })
    expect(checkAuth(eve, own)).toMatchObject({ allowed: false })
  })
})

describe('events of other kinds', () => {
  refuses([
    // @ts-expect-error -- a client event is not a Pdu
    ['checkAuth of a client event', () => checkAuth(CLIENT_EVENT, state), 'INVALID_ARGUMENT event'],
    // @ts-expect-error -- the same
    ['authStateOf client events', () => authStateOf([CLIENT_EVENT]), 'INVALID_ARGUMENT events'],
    ['authStateOf the values of nothing', () => authStateOf(untyped(undefined)), 'INVALID_ARGUMENT events'],
    // @ts-expect-error -- entries are not events
    ['authStateOf a Map, whose items are entries', () => authStateOf(byType), 'INVALID_ARGUMENT events'],
    [
      'checkAuthEvents with a Map',
      // @ts-expect-error -- a Map does not tell what was rejected
      () => checkAuthEvents(eve, new Map<string, Pdu>()),
      'INVALID_ARGUMENT referenced',
    ],
    [
      'a redaction of an event of another room',
      () => permissionsOf(ALICE, state).redact(message(BOB, '!other:a.test')),
      'INVALID_ARGUMENT target',
    ],
    [
      'a planned event of nobody',
      () => checkPlanned({ type: 'x', sender: 'alice', content: {} }, state),
      'INVALID_ARGUMENT sender',
    ],
    ['permissions of a display name', () => permissionsOf('Alice', state), 'INVALID_ARGUMENT user'],
    ['banning a server', () => permissionsOf(ALICE, state).ban('b.test'), 'INVALID_ARGUMENT target'],
    [
      'a text for content',
      // @ts-expect-error -- the content is an object
      () => permissionsOf(ALICE, state).send('m.room.message', 'hello'),
      'INVALID_ARGUMENT content',
    ],
    [
      'permissions in a state without a create event',
      () => permissionsOf(ALICE, authStateOf(EVENTS.slice(1))),
      'INVALID_ARGUMENT state',
    ],
  ])

  it('allows nothing in the state of another room', () => {
    const other = message(ALICE, '!other:a.test')
    expect(checkAuth(other, state)).toMatchObject({ allowed: false, reason: expect.stringContaining(ROOM) })
    const mixed = authStateOf([
      ...EVENTS,
      stateEvent('m.room.member', EVE, EVE, { membership: 'join' }, '!other:a.test'),
    ])
    expect(permissionsOf(EVE, mixed).send('m.room.message')).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('!other:a.test'),
    })
  })

  it('allows nothing in the state of a room of another version', () => {
    const ofV11 = trustedPdu(message(ALICE).json, '$x', requireRoomVersion('11'))
    expect(checkAuth(ofV11, state)).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('room version 10'),
    })
  })

  it('says whether a user may redact, which the rules leave to every member', () => {
    const may = permissionsOf(BOB, state)
    const ofAlice = pduFromClientEvent({ ...CLIENT_EVENT, sender: ALICE }, { version: '10' })
    expect(may.redact(ofAlice)).toMatchObject({ allowed: false, reason: expect.stringContaining('level 0') })
    expect(may.redact(CLIENT_EVENT).allowed).toBe(true)
    const { room_id: _, ...fromSync } = CLIENT_EVENT
    expect(permissionsOf(ALICE, state).redact(fromSync).allowed).toBe(true)
  })
})

describe('levels', () => {
  const powers = powersOf({ version: '10', create, powerLevels: { users: { [ALICE]: 100 }, kick: '50' } })
  refuses([
    [
      'powersIn without a create event',
      () => powersIn(authStateOf(EVENTS.slice(1)), V10),
      'INVALID_ARGUMENT state',
    ],
    ['powersIn with rules of another version', () => powersIn(state, V12), 'INVALID_ARGUMENT rules'],
    [
      'powersOf with the version of another room',
      () => powersOf({ version: '12', create }),
      'INVALID_ARGUMENT version',
    ],
    ['powersOf an unknown version', () => powersOf({ version: '99', create }), 'UNSUPPORTED_ROOM_VERSION 99'],
    // @ts-expect-error -- a create event is needed
    ['powersOf without a create event', () => powersOf({ version: '10' }), 'INVALID_ARGUMENT create.sender'],
    [
      'powersOf with the content for the create event',
      // @ts-expect-error -- its content is not the event
      () => powersOf({ version: '10', create: create.content }),
      'INVALID_ARGUMENT create.sender',
    ],
    [
      'powersOf with the event for its content',
      () => powersOf({ version: '10', create, powerLevels: { type: 'm.room.power_levels', content: {} } }),
      'INVALID_ARGUMENT powerLevels',
    ],
    [
      'powersOf with a list of levels',
      () => powersOf({ version: '10', create, powerLevels: [] }),
      'INVALID_ARGUMENT powerLevels',
    ],
    ['the level of a display name', () => powers.levelOf('Alice'), 'INVALID_ARGUMENT user'],
    ['the level of nobody', () => powers.levelOf(untyped(undefined)), 'INVALID_ARGUMENT user'],
    // @ts-expect-error -- there is no such level
    ['a level that is not one', () => powers.levelTo('mute'), 'INVALID_ARGUMENT action'],
    // @ts-expect-error -- there is no such action
    ['an action that is not one', () => powers.can(ALICE, 'mute'), 'INVALID_ARGUMENT action'],
    ['kicking nobody', () => powers.can(ALICE, 'kick'), 'INVALID_ARGUMENT target'],
    // @ts-expect-error -- state or message
    ['sending without a kind', () => powers.canSend(ALICE, 'm.room.topic'), 'INVALID_ARGUMENT kind'],
    ['granting NaN', () => powers.canGrant(ALICE, BOB, NaN), 'INVALID_ARGUMENT level'],
  ])

  it('are numbers that a bot can compare and a bridge can store', () => {
    const v12 = powersOf({
      version: '12',
      create: { sender: ALICE, content: { room_version: '12' } },
      powerLevels: { users: { [BOB]: Number.MAX_SAFE_INTEGER } },
    })
    expect(powers.levelTo('kick')).toBe(NOBODY_LEVEL)
    expect(powers.levelOf(ALICE) < powers.levelTo('kick')).toBe(true)
    expect(v12.levelOf(ALICE)).toBe(CREATOR_LEVEL)
    expect(v12.levelOf(ALICE)).toBeGreaterThan(v12.levelOf(BOB))
    expect(v12.creators).toEqual([ALICE])
    const mirrored: unknown = JSON.parse(
      JSON.stringify({ alice: v12.levelOf(ALICE), kick: powers.levelTo('kick') }),
    )
    expect(mirrored).toEqual({ alice: CREATOR_LEVEL, kick: NOBODY_LEVEL })
  })
})
