import {
  type AuthState,
  authStateOf,
  checkAuth,
  checkAuthEvents,
  checkPlanned,
  checkRedaction,
  CREATOR_LEVEL,
  explainAuth,
  historyVisibility,
  mayServerSee,
  mayUserSee,
  NOBODY_LEVEL,
  permissionsOf,
  powersIn,
  powersOf,
  readJoinAnswer,
  readStateAnswer,
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
      'a Map for content',
      () => permissionsOf(ALICE, state).send('m.room.message', new Map([['body', 'hello']])),
      'INVALID_ARGUMENT content',
    ],
    // @ts-expect-error -- an event is needed
    ['planning nothing', () => checkPlanned(undefined, state), 'INVALID_ARGUMENT event'],
    // @ts-expect-error -- its ID is not the event
    ['redacting an ID', () => permissionsOf(ALICE, state).redact('$x'), 'INVALID_ARGUMENT target'],
    ['redacting nothing', () => permissionsOf(ALICE, state).redact(untyped({})), 'INVALID_ARGUMENT target'],
    [
      'a client event for a redaction',
      // @ts-expect-error -- a client event is not a Pdu
      () => checkRedaction(CLIENT_EVENT, eve, state),
      'INVALID_ARGUMENT redaction',
    ],
    // @ts-expect-error -- an event is needed
    ['the auth events of nothing', () => selectAuthEvents(undefined, state, V10), 'INVALID_ARGUMENT subject'],
    [
      'auth events by the rules of another version',
      () => selectAuthEvents(eve, state, V12),
      'INVALID_ARGUMENT rules',
    ],
    [
      'auth events of two rooms',
      () => {
        const levels = stateEvent('m.room.power_levels', EVE, '', {}, '!other:a.test')
        return selectAuthEvents(message(ALICE), authStateOf([...EVENTS, levels]), V10)
      },
      'INVALID_ARGUMENT state',
    ],
    [
      'the visibility that another event sets',
      () => historyVisibility(stateEvent('m.room.topic', ALICE, '', {})),
      'INVALID_ARGUMENT event',
    ],
    [
      'the visibility that a client event sets',
      // @ts-expect-error -- a client event is not a Pdu
      () => historyVisibility(CLIENT_EVENT),
      'INVALID_ARGUMENT event',
    ],
    // @ts-expect-error -- who sees, and by what state
    ['who sees an event, without a view', () => mayUserSee(eve), 'INVALID_ARGUMENT before'],
    [
      'whether nobody may see an event',
      () => mayUserSee(eve, { user: untyped(undefined), before: state, joinedLater: false }),
      'INVALID_ARGUMENT user',
    ],
    [
      'a server without members',
      // @ts-expect-error -- the members are missing
      () => mayServerSee(eve, { server: 'e.test', before: state, joinedLater: false }),
      'INVALID_ARGUMENT members',
    ],
    [
      'a server with members as clients get them',
      () =>
        mayServerSee(eve, {
          server: 'e.test',
          before: state,
          // @ts-expect-error -- client events are not Pdus
          members: [CLIENT_EVENT],
          joinedLater: false,
        }),
      'INVALID_ARGUMENT members',
    ],
    [
      'a server that is none',
      () => mayServerSee(eve, { server: untyped(undefined), before: state, members: [], joinedLater: false }),
      'INVALID_ARGUMENT server',
    ],
    [
      'an answer without what it is verified with',
      // @ts-expect-error -- the options are missing
      () => readStateAnswer({ pdus: [], auth_chain: [] }),
      'INVALID_ARGUMENT options',
    ],
    [
      'an answer without a time',
      // @ts-expect-error -- the time is missing
      () => readStateAnswer('{}', { roomId: ROOM, version: '10', findKey: () => undefined }),
      'INVALID_ARGUMENT now',
    ],
    [
      'an answer without keys',
      // @ts-expect-error -- the finder is missing
      () => readStateAnswer({ pdus: [], auth_chain: [] }, { roomId: ROOM, version: '10', now: 0 }),
      'INVALID_ARGUMENT findKey',
    ],
    // @ts-expect-error -- the options are missing
    ['an answer to no join', () => readJoinAnswer({ state: [], auth_chain: [] }), 'INVALID_ARGUMENT join'],
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

  it('redacts nothing, and shows nothing, by the state of another room', () => {
    const theirs = (type: string, key: string, content: object) =>
      stateEvent(type, EVE, key, content, '!other:a.test')
    const open = theirs('m.room.history_visibility', '', { history_visibility: 'world_readable' })
    const joined = theirs('m.room.member', EVE, { membership: 'join' })
    const levels = theirs('m.room.power_levels', '', { users: { [EVE]: 100 } })
    const target = message(BOB)
    const redaction = trustedPdu(
      { type: 'm.room.redaction', sender: EVE, redacts: target.eventId, content: {}, room_id: ROOM },
      '$redaction',
      V10,
    )
    expect(checkRedaction(redaction, target, authStateOf([levels]))).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('another room'),
    })
    for (const foreign of [open, joined]) {
      const view = { user: EVE, before: authStateOf([foreign]), joinedLater: false }
      expect(mayUserSee(target, view)).toMatchObject({
        visible: false,
        reason: expect.stringContaining('!other:a.test'),
      })
    }
    const server = { server: 'e.test', joinedLater: false }
    expect(mayServerSee(target, { ...server, before: authStateOf([open]), members: [] }).visible).toBe(false)
    expect(mayServerSee(target, { ...server, before: state, members: [joined] }).visible).toBe(false)
    const ofV12 = trustedPdu(open.json.replace('!other:a.test', ROOM), '$open', V12)
    expect(mayUserSee(target, { user: EVE, before: authStateOf([ofV12]), joinedLater: false })).toMatchObject(
      { visible: false, reason: expect.stringContaining('version 12') },
    )
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
    ['powersOf nothing', () => powersOf(untyped(undefined)), 'INVALID_ARGUMENT version'],
    [
      'powersOf with a Map of levels',
      () => powersOf({ version: '10', create, powerLevels: new Map([['ban', 0]]) }),
      'INVALID_ARGUMENT powerLevels',
    ],
    [
      'powersOf with a Map for the content of the create event',
      () => powersOf({ version: '12', create: { sender: ALICE, content: new Map() } }),
      'INVALID_ARGUMENT create.content',
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
