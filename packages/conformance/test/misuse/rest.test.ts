import { aclVerdict, compileServerAcl, wouldBan } from '@roomserver/acls'
import { authStateOf, checkAuth } from '@roomserver/auth'
import { type Pdu, trustedPdu } from '@roomserver/events'
import { authStateFrom, resolveState, resolveStateAsync, stateMap, stateMapOf } from '@roomserver/state'
import { parseServerName } from '@roomserver/types'
import {
  defineRoomVersion,
  derive,
  requireRoomVersion,
  ROOM_VERSIONS,
  roomVersion,
  roomVersionOf,
  v12,
} from '@roomserver/version'
import { describe, expect, it } from 'vitest'
import { refuses, untyped } from './misuse.ts'
import { ALICE, BOB, EVENTS, message, ROOM, stateEvent, V10, V12 } from './room.ts'

describe('server ACLs', () => {
  const acl = compileServerAcl({ allow: ['*'] })
  refuses([
    // @ts-expect-error -- a server name has been parsed
    ['a user', () => acl('@bob:evil.test'), 'INVALID_ARGUMENT server'],
    // @ts-expect-error -- the same
    ['a URL', () => acl('https://evil.test'), 'INVALID_ARGUMENT server'],
    ['a user, in one call', () => aclVerdict({ allow: ['*'] }, '@bob:evil.test'), 'INVALID_ARGUMENT server'],
    ['nobody', () => wouldBan({ allow: ['*'] }, untyped(undefined)), 'INVALID_ARGUMENT server'],
    [
      'the event for its content',
      // @ts-expect-error -- the content is needed
      () => compileServerAcl({ type: 'm.room.server_acl', content: { allow: ['*'] } }),
      'INVALID_ARGUMENT content',
    ],
    ['a list for the content', () => compileServerAcl(untyped(['*'])), 'INVALID_ARGUMENT content'],
    [
      'a Map for the content',
      () => compileServerAcl(untyped(new Map([['allow', ['*']]]))),
      'INVALID_ARGUMENT content',
    ],
    ['no content', () => wouldBan(untyped(undefined), 'a.test'), 'INVALID_ARGUMENT content'],
  ])

  it('says beforehand whether an ACL would keep one’s own server out', () => {
    expect(wouldBan({ allow: ['b.test'] }, 'a.test')).toBe(true)
    expect(wouldBan({ allow: ['*'], deny: ['evil.test'] }, 'a.test')).toBe(false)
    expect(aclVerdict(undefined, 'a.test')).toMatchObject({ allowed: true })
    expect(acl(parseServerName('a.test'))).toMatchObject({ allowed: true })
  })
})

describe('state resolution', () => {
  const [create, alice, levels, bob] = EVENTS as [Pdu, Pdu, Pdu, Pdu]
  const cited = (type: string, sender: string, key: string, content: object, auth: readonly Pdu[]) => {
    const auth_events = auth.map(({ eventId }) => eventId)
    const made = { type, sender, state_key: key, content, auth_events, room_id: ROOM }
    return trustedPdu(made, `$${type}${JSON.stringify(content)}`, V10)
  }
  const ban = cited('m.room.member', ALICE, BOB, { membership: 'ban' }, [create, levels, alice])
  const known = new Map([...EVENTS, ban].map((pdu) => [pdu.eventId, pdu]))
  const sets = [stateMapOf([create, alice, levels, bob]), stateMapOf([create, alice, levels, ban])]
  const events = (id: string) => known.get(id)
  const without = (lost: Pdu) => (id: string) => (id === lost.eventId ? undefined : known.get(id))
  const options = { version: '10', events }
  const topic = stateEvent('m.room.topic', ALICE, '', {})
  refuses([
    [
      'an event in conflict that is not known',
      () => resolveState(sets, { ...options, events: without(ban) }),
      `MISSING_EVENTS ${ban.eventId}`,
    ],
    [
      'an auth event that is not known',
      () => resolveState(sets, { ...options, events: without(levels) }),
      `MISSING_EVENTS ${levels.eventId}`,
    ],
    [
      'an event that nobody can fetch',
      () => resolveStateAsync(sets, { version: '10', fetchEvents: async () => [] }),
      `MISSING_EVENTS ${bob.eventId},${ban.eventId}`,
    ],
    [
      'events that come later',
      // @ts-expect-error -- a promise is not an event
      () => resolveState(sets, { ...options, events: async (id: string) => known.get(id) }),
      'INVALID_ARGUMENT events',
    ],
    [
      'other events than those asked for',
      () => resolveState(sets, { ...options, events: () => bob }),
      'INVALID_ARGUMENT events',
    ],
    [
      'events of another version',
      () => resolveState(sets, { ...options, version: '11' }),
      'INVALID_ARGUMENT version',
    ],
    [
      'an unknown version',
      () => resolveState(sets, { ...options, version: '99' }),
      'UNSUPPORTED_ROOM_VERSION 99',
    ],
    [
      'a Map for events',
      // @ts-expect-error -- a Map is not a function
      () => resolveState(sets, { version: '10', events: known }),
      'INVALID_ARGUMENT events',
    ],
    // @ts-expect-error -- states are maps of maps
    ['states that are lists', () => resolveState([EVENTS, EVENTS], options), 'INVALID_ARGUMENT sets'],
    [
      'states with joined keys',
      // @ts-expect-error -- the same
      () => resolveState([new Map([['m.room.topic|', '$x']])], options),
      'INVALID_ARGUMENT sets',
    ],
    // @ts-expect-error -- one state is not a list of states
    ['one state', () => resolveState(sets[0], options), 'INVALID_ARGUMENT sets'],
    [
      'an event in an entry of another type',
      () =>
        resolveState([stateMap([['m.room.name', '', topic.eventId]]), stateMap([])], {
          ...options,
          events: () => topic,
        }),
      'INVALID_ARGUMENT sets',
    ],
    [
      'states of two rooms',
      () => {
        const other = [ALICE, BOB].map((user) => stateEvent('m.room.topic', user, '', {}, '!other:a.test'))
        const all = new Map([...known, ...other.map((pdu) => [pdu.eventId, pdu] as const)])
        return resolveState([...sets, stateMapOf(other)], { ...options, events: (id) => all.get(id) })
      },
      'INVALID_ARGUMENT sets',
    ],
    [
      'a list for what was rejected',
      // @ts-expect-error -- a list is not a function
      () => resolveState(sets, { ...options, isRejected: [ban.eventId] }),
      'INVALID_ARGUMENT isRejected',
    ],
    // @ts-expect-error -- the options are missing
    ['resolveStateAsync without options', () => resolveStateAsync(sets), 'INVALID_ARGUMENT fetchEvents'],
    [
      'a function that fetches nothing',
      // @ts-expect-error -- nothing is not a list
      () => resolveStateAsync(sets, { version: '10', fetchEvents: async () => undefined }),
      'INVALID_ARGUMENT fetchEvents',
    ],
    [
      'a function that fetches what is not an event',
      // @ts-expect-error -- null is not an event
      () => resolveStateAsync(sets, { version: '10', fetchEvents: async () => [null] }),
      'INVALID_ARGUMENT fetchEvents',
    ],
    [
      'a Map for events at hand',
      // @ts-expect-error -- a Map is not a function
      () => resolveStateAsync(sets, { version: '10', fetchEvents: async () => [], events: known }),
      'INVALID_ARGUMENT events',
    ],
    // @ts-expect-error -- events are needed
    ['stateMapOf nothing', () => stateMapOf(), 'INVALID_ARGUMENT events'],
    ['authStateFrom a list', () => authStateFrom(untyped([...EVENTS]), events), 'INVALID_ARGUMENT state'],
    // @ts-expect-error -- a Map is not a function
    ['authStateFrom with a Map', () => authStateFrom(stateMapOf(EVENTS), known), 'INVALID_ARGUMENT events'],
    // @ts-expect-error -- IDs are not events
    ['stateMapOf IDs', () => stateMapOf(['$x']), 'INVALID_ARGUMENT events'],
    [
      'a state with an event that is not known',
      () => checkAuth(message(BOB), authStateFrom(stateMapOf(EVENTS), without(bob))),
      `MISSING_EVENTS ${bob.eventId}`,
    ],
  ])

  it('does without auth events that nobody has when told so, and fetches those that somebody has', async () => {
    const right = resolveState(sets, options).state
    expect(right.get('m.room.member')?.get(BOB)).toBe(ban.eventId)
    const ignored = { ...options, events: without(levels), unknownAuthEvents: 'ignored' } as const
    expect(() => resolveState([...sets], { ...ignored, events: without(ban) })).toThrow('cannot be resolved')
    const fetchEvents = async (ids: readonly string[]) => ids.map(events).filter((pdu) => pdu !== undefined)
    expect((await resolveStateAsync(sets, { version: '10', fetchEvents })).state).toEqual(right)
    expect(checkAuth(message(BOB), authStateFrom(right, events)).allowed).toBe(false)
  })
})

describe('room versions', () => {
  const derived = (version: string, changes = {}) =>
    derive(v12, version, { stability: 'unstable', ...changes })
  refuses([
    ['a number', () => requireRoomVersion(untyped(10)), 'INVALID_ARGUMENT version'],
    ['an unknown one', () => requireRoomVersion('13'), 'UNSUPPORTED_ROOM_VERSION 13'],
    [
      'the version of another event',
      () => roomVersionOf({ type: 'm.room.topic', content: {} }),
      'INVALID_ARGUMENT create',
    ],
    // @ts-expect-error -- it has no content
    ['the version of nothing', () => roomVersionOf({}), 'INVALID_ARGUMENT create'],
    [
      'a version that is not a string',
      () => roomVersionOf({ content: { room_version: 10 } }),
      'UNSUPPORTED_ROOM_VERSION 10',
    ],
    ['another version 12', () => defineRoomVersion(derived('12')), 'INVALID_ARGUMENT version'],
    [
      'a version with a name of the specification',
      () => defineRoomVersion(derived('13.1')),
      'INVALID_ARGUMENT version',
    ],
    [
      'a version with a member that does not exist',
      () => defineRoomVersion(derived('org.test.typo', { knocking: false })),
      'INVALID_ARGUMENT rules.knocking',
    ],
    [
      'a version with a value that does not exist',
      () => defineRoomVersion(derived('org.test.value', { stateResolution: 'v3' })),
      'INVALID_ARGUMENT rules.stateResolution',
    ],
    [
      'a version whose parts do not fit',
      () => defineRoomVersion(derived('org.test.fit', { eventId: 'domain' })),
      'INVALID_ARGUMENT rules.eventId',
    ],
    [
      'other rules under the same name',
      () => {
        defineRoomVersion(derived('org.test.twice'))
        defineRoomVersion(derived('org.test.twice', { auth: { notificationLevelsGuarded: false } }))
      },
      'INVALID_ARGUMENT version',
    ],
  ])

  it('cannot be changed by anybody', () => {
    // A Map could be, whatever its type says.
    const table = ROOM_VERSIONS as unknown as Map<string, unknown>
    expect(() => table.delete('1')).toThrow(TypeError)
    expect(() => Map.prototype.delete.call(table, '1')).toThrow(TypeError)
    expect(() => Object.assign(roomVersion('1')?.auth ?? {}, { knocking: true })).toThrow(TypeError)
    expect(roomVersion('1')?.auth.knocking).toBe(false)
  })

  it('can be defined, and judge events like any', () => {
    const rules = defineRoomVersion(
      derived('org.test.mine', { auth: { knocking: false, knockRestrictedJoins: false } }),
    )
    expect(roomVersion('org.test.mine')).toBe(rules)
    const create = trustedPdu(
      { type: 'm.room.create', state_key: '', sender: ALICE, content: {} },
      '$c',
      rules,
    )
    const knock = {
      type: 'm.room.member',
      state_key: BOB,
      sender: BOB,
      content: { membership: 'knock' },
      room_id: '!c',
    }
    const verdicts = [rules, V12].map((each) => {
      const state = authStateOf([trustedPdu(create.json, '$c', each)])
      return checkAuth(trustedPdu(knock, '$k', each), state).rule
    })
    expect(verdicts).toEqual(['vorg.test.mine 5.7', 'v12 5.7.1'])
  })
})
