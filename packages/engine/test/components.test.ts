import type { AppserviceApi, FederationApi, PolicyServerApi } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { type Engine, type EngineOptions, openEngine } from '../src/index.ts'
import { take } from './purged-rooms.ts'

const [ALICE, BOB] = ['@alice:a', '@bob:a'] as const
const open = (change: Partial<EngineOptions>): Promise<Engine> =>
  openEngine({ serverName: 'a', store: ':memory:', maintenance: false, ...change })

/** A component that fails whatever it is asked, and what it was asked. */
function component<Api>() {
  const asked: [string, unknown][] = []
  const api = new Proxy(
    {},
    {
      get: (_target, name) => async (request: unknown) => {
        asked.push([String(name), request])
        throw new Error('away')
      },
    },
  ) as Api
  return { asked, api }
}

it('joins and invites through the federation component, with what the caller says', async () => {
  const { asked, api: federation } = component<FederationApi>()
  await using engine = await open({ components: { federation } })
  await expect(
    engine.join('!far:b', ALICE, { via: ['c', 'd'], content: { displayname: 'Alice' } }),
  ).rejects.toMatchObject({
    code: 'COMPONENT_FAILED',
    details: { component: 'federation', operation: 'performJoinRequest', reason: 'away' },
    cause: new Error('away'),
  })
  expect(asked).toEqual([
    [
      'performJoinRequest',
      {
        room_id: '!far:b',
        user_id: ALICE,
        server_names: ['c', 'd', 'b'],
        content: { displayname: 'Alice', membership: 'join' },
      },
    ],
  ])
  asked.length = 0
  // The room stays where the server of an invited user refuses.
  await expect(engine.createRoom(ALICE, { invite: ['@eve:b'] })).rejects.toThrow()
  expect(asked.map(([name]) => name)).toEqual(['performInviteRequest'])
})

it('asks the policy server of a room through its component', async () => {
  const { asked, api: policyServers } = component<PolicyServerApi>()
  await using engine = await open({ components: { policyServers } })
  const room = await engine.createRoom(ALICE)
  const publicKey = 'XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI'
  await engine.sendState(room, ALICE, 'm.room.policy', '', { via: 'a', public_keys: { ed25519: publicKey } })
  await engine.send(room, ALICE, 'm.room.message', { body: 'hello' }).catch(() => undefined)
  expect(asked).toMatchObject([['signByPolicyServer', { server_name: 'a', event: { roomVersion: '12' } }]])
})

it('asks application services for aliases that it does not know', async () => {
  const { asked, api: appservice } = component<AppserviceApi>()
  await using engine = await open({ components: { appservice } })
  await engine.join('#nowhere:a', ALICE).catch(() => undefined)
  expect(JSON.stringify(asked)).toContain('#nowhere:a')
})

it('gives an alias to one of two rooms that are made with it at the same time', async () => {
  await using engine = await open({})
  const made = await Promise.allSettled(
    [ALICE, BOB].map((user) => engine.createRoom(user, { alias: '#tea:a' })),
  )
  const failed = made.flatMap((room) => (room.status === 'rejected' ? [room.reason as unknown] : []))
  expect(failed).toMatchObject([
    {
      code: 'INVALID_ARGUMENT',
      details: { argument: 'alias', expected: 'an alias that is free, not #tea:a' },
    },
  ])
  const first = made.find((room) => room.status === 'fulfilled')?.value
  const alias = { alias: '#tea:a', include_appservices: false }
  expect(await engine.operations.getRoomIdForAlias(alias)).toMatchObject({ room_id: first })
})

it.each([
  [undefined, false],
  [false, false],
  [true, true],
])('takes events into a room that its users have left only where it should: %s', async (accepts, taken) => {
  await using engine = await open({ acceptsEventsForDepartedRooms: accepts })
  const room = await RoomBuilder.create({ creator: '@carol:c', roomId: '!room:c' })
  await take(engine, room.events)
  const later = await room.message('hello')
  await take(engine, room.events.slice(-1))
  const { events } = await engine.operations.queryEventsById({ event_ids: [later.eventId] })
  expect(events).toHaveLength(1)
  await room.join(BOB)
  await room.member(BOB, BOB, 'leave')
  await take(engine, room.events.slice(-2))
  const last = await room.message('nobody is here')
  await take(engine, room.events.slice(-1))
  const found = await engine.operations.queryEventsById({ event_ids: [last.eventId] })
  expect(found.events).toHaveLength(taken ? 1 : 0)
})
