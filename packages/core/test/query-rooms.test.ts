import { RoomBuilder } from '@roomserver/testing'
import type { JsonValue } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import { getRoomIdForAlias } from '../src/query/directory.ts'
import { Operations } from './operations.ts'
import { WatchedProcess } from './watched-process.ts'

describe('room versions', () => {
  it.each([
    ['dendrite-2022', '6', ['1', '10', 'org.matrix.msc3667', 'org.matrix.msc3787'], ['11', '12']],
    ['current', '12', ['1', '11', '12'], ['org.matrix.msc3787']],
  ] as const)('announces as %s', async (compatibility, byDefault, offered, others) => {
    await using server = await Operations.start({}, { compatibility })
    const answer = await server.api.queryRoomVersionCapabilities({})
    expect(answer.default).toBe(byDefault)
    expect(offered.filter((version) => !answer.available.has(version))).toEqual([])
    expect(others.filter((version) => answer.available.has(version))).toEqual([])
    expect(answer.available.get('10')).toBe('stable')
  })

  it('fails for an unknown room, in the words of the reference', async () => {
    await using server = await Operations.start()
    await expect(server.api.queryRoomVersionForRoom({ room_id: '!x:y' })).rejects.toMatchObject({
      code: 'ROOM_NOT_FOUND',
      message: 'QueryRoomVersionForRoom: missing room info for room !x:y',
    })
  })
})

describe('queryRestrictedJoinAllowed', () => {
  interface Given {
    readonly version?: string
    readonly joinRule?: string
    /** Whether a user of ours is in the room that lets in. */
    readonly isClubOurs?: boolean
    /** What bob is in the room that lets in. */
    readonly isMember?: boolean
    /** Whether a user of ours may invite. */
    readonly isPowerOurs?: boolean
    readonly bobIs?: 'join' | 'invite'
    /** The conditions of the join rule, if there are others than the one about the club. */
    readonly allow?: JsonValue
  }

  async function ask(given: Given) {
    const { version = '10', joinRule = 'restricted', isClubOurs = true, isMember = true } = given
    await using server = await Operations.start()
    const club = await RoomBuilder.create(
      isClubOurs ? { roomId: '!club:a' } : { roomId: '!club:x', creator: '@x:x' },
    )
    if (isMember) await club.join('@bob:b')
    const creator = given.isPowerOurs === false ? '@x:x' : '@alice:a'
    const room = await RoomBuilder.create({ version, creator, roomId: `!room:${creator.slice(-1)}` })
    await room.join('@eve:a')
    await room.state('m.room.power_levels', '', { users: { [creator]: 100 }, invite: 50 })
    if (given.bobIs === 'join') await room.join('@bob:b')
    if (given.bobIs === 'invite') await room.member(creator, '@bob:b', 'invite')
    const room_id = club.roomId
    const { allow = [{ type: 'm.room_membership', room_id }, { type: 'unknown' }, 'rubbish'] } = given
    await room.state('m.room.join_rules', '', { join_rule: joinRule, allow })
    await server.hs.takeAll([...club.events, ...room.events])
    return await server.api.queryRestrictedJoinAllowed({ user_id: '@bob:b', room_id: room.roomId })
  }

  const answer = (restricted: boolean, resident: boolean, allowed: boolean, authorised_via = '') => ({
    restricted,
    resident,
    allowed,
    authorised_via,
  })

  it.each<[string, Given, ReturnType<typeof answer>]>([
    ['lets a member of the other room in, and names who vouches', {}, answer(true, true, true, '@alice:a')],
    ['does not let in who is not a member there', { isMember: false }, answer(true, true, false)],
    ['says when it cannot tell', { isClubOurs: false }, answer(true, false, false)],
    ['has nobody to vouch', { isPowerOurs: false }, answer(true, false, false)],
    ['needs no authorising user for the invited', { bobIs: 'invite' }, answer(true, true, true)],
    [
      'vouches for members, whose leave may be on its way',
      { bobIs: 'join' },
      answer(true, true, true, '@alice:a'),
    ],
    [
      'lets members stay without an authorising user',
      { bobIs: 'join', isMember: false },
      answer(true, true, true),
    ],
    [
      'finds a member in any of several rooms, some of them unknown',
      {
        allow: [
          { type: 'm.room_membership', room_id: '!unknown:x' },
          { type: 'm.room_membership', room_id: '!club:a' },
        ],
      },
      answer(true, true, true, '@alice:a'),
    ],
    [
      'cannot tell where one of several rooms is unknown, and nobody is a member of the others',
      {
        isMember: false,
        allow: [
          { type: 'm.room_membership', room_id: '!unknown:x' },
          { type: 'm.room_membership', room_id: '!club:a' },
        ],
      },
      answer(true, false, false),
    ],
    [
      'lets nobody in by conditions that it does not know',
      {
        allow: [
          { type: 'org.example.membership', room_id: '!club:a' },
          { type: 'm.room_membership', room_id: ['!club:a'] },
          { type: 'm.room_membership' },
        ],
      },
      answer(true, true, false),
    ],
    ['lets nobody in where there are no conditions', { allow: '!club:a' }, answer(true, true, false)],
    // The reference did not know this rule.
    ['knows knock_restricted', { joinRule: 'knock_restricted' }, answer(true, true, true, '@alice:a')],
    [
      'knows it only where the version does',
      { version: '8', joinRule: 'knock_restricted' },
      answer(false, true, false),
    ],
    ['leaves other join rules alone', { joinRule: 'public' }, answer(false, true, false)],
    ['leaves earlier versions alone', { version: '7' }, answer(false, false, false)],
  ])('%s', async (_what, given, expected) => {
    expect(await ask(given)).toEqual(expected)
  })
})

describe('aliases and the directory', () => {
  it('gives and takes aliases', async () => {
    await using server = await Operations.start()
    const { api } = server
    const set = { user_id: '@alice:a', alias: '#x:a', room_id: '!r:a' }
    expect(await api.setRoomAlias(set)).toEqual({ alias_exists: false })
    expect(await api.setRoomAlias({ ...set, room_id: '!other:a' })).toEqual({ alias_exists: true })
    expect(await api.getRoomIdForAlias({ alias: '#x:a', include_appservices: false })).toEqual({
      room_id: '!r:a',
    })
    expect(await api.getAliasesForRoomId({ room_id: '!r:a' })).toEqual({ aliases: ['#x:a'] })
    const unknown = { alias: '#y:a', include_appservices: true }
    expect(await api.getRoomIdForAlias(unknown)).toEqual({ room_id: '' })
    expect(await api.removeRoomAlias({ user_id: '@alice:a', alias: '#y:a' })).toEqual({
      found: false,
      removed: false,
    })
  })

  it('asks the application services for an alias that nobody knows, and looks again', async () => {
    const asked: string[] = []
    const appservice = {
      roomAliasExists: async ({ alias }: { alias: string }) => {
        asked.push(alias)
        await server.api.setRoomAlias({ user_id: '@bridge:a', alias, room_id: '!bridged:a' })
        return { exists: true }
      },
    }
    await using server = await Operations.start({ appservice })
    const ask = (include_appservices: boolean) =>
      server.api.getRoomIdForAlias({ alias: '#irc:a', include_appservices })
    expect(await ask(false)).toEqual({ room_id: '' })
    expect(await ask(true)).toEqual({ room_id: '!bridged:a' })
    expect(asked).toEqual(['#irc:a'])
    // By now it is known here.
    expect(await ask(true)).toEqual({ room_id: '!bridged:a' })
    expect(asked).toEqual(['#irc:a'])
  })

  it('does not look again for an alias that the application services do not know', async () => {
    const appservice = { roomAliasExists: async () => ({ exists: false }) }
    await using server = await Operations.start()
    const roomOfAlias = vi.fn(server.hs.storage.roomOfAlias)
    const { context } = new WatchedProcess({ ...server.hs.storage, roomOfAlias })
    const request = { alias: '#irc:a', include_appservices: true }
    expect(await getRoomIdForAlias({ ...context, appservice }, request)).toEqual({ room_id: '' })
    expect(roomOfAlias).toHaveBeenCalledTimes(1)
  })

  it('publishes rooms', async () => {
    await using server = await Operations.start()
    const listed = async (RoomID: string) => (await server.api.queryPublishedRooms({ RoomID })).RoomIDs
    await server.api.performPublish({ RoomID: '!r:a', Visibility: 'public' })
    expect(await listed('')).toEqual(['!r:a'])
    expect(await listed('!r:a')).toEqual(['!r:a'])
    expect(await listed('!other:a')).toEqual([])
    await server.api.performPublish({ RoomID: '!r:a', Visibility: 'private' })
    expect(await listed('')).toEqual([])
  })
})
