import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { isFailure, type Logger, silentLogger } from '@roomserver/types'
import { expect, it, vi } from 'vitest'
import { type Engine, type EngineOptions, openEngine } from '../src/index.ts'

const ALICE = '@alice:a'
const signingKey = { server: 'a', keyId: 'ed25519:test', seed: 'A'.repeat(43) }
const quiet = { serverName: 'a', store: ':memory:', signingKey, maintenance: false } as const
const open = (change: Partial<EngineOptions> = {}): Promise<Engine> => openEngine({ ...quiet, ...change })

// Callers without types.
it.each<readonly [string, object, string]>([
  ['versions that are not a list', { roomVersions: '10' }, 'roomVersions'],
  ['acceptance that is nothing', { acceptance: null }, 'acceptance.check'],
  ['acceptance without a check', { acceptance: { whenUnavailable: 'accept' } }, 'acceptance.check'],
  [
    'acceptance that says something else',
    { acceptance: { check: () => undefined, whenUnavailable: 'maybe' } },
    'acceptance.whenUnavailable',
  ],
  ['a server name that is not text', { serverName: ['a'] }, 'serverName'],
])('names the option: %s', async (_what, change, argument) => {
  await expect(open(change)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { argument } })
})

it.each(['accept', 'refuse'] as const)(
  'takes a check that would %s while it is not available',
  async (whenUnavailable) => {
    const check = () => Promise.reject(new Error('away'))
    await using engine = await open({ acceptance: { check, whenUnavailable } })
    const made = engine.createRoom(ALICE).then(
      () => 'accept',
      () => 'refuse',
    )
    expect(await made).toBe(whenUnavailable)
  },
)

it.each([
  [undefined, '12', true],
  ['current', '12', true],
  ['dendrite-2022', '6', false],
] as const)(
  'with the compatibility %s has rooms of version %s by default',
  async (compatibility, version, has12) => {
    await using engine = await open({ compatibility })
    const { available, default: byDefault } = await engine.operations.queryRoomVersionCapabilities({})
    expect([byDefault, available.has('12')]).toEqual([version, has12])
    const room = await engine.createRoom(ALICE)
    expect(await engine.operations.queryRoomVersionForRoom({ room_id: room })).toEqual({
      room_version: version,
    })
  },
)

it('takes no more input at once than its limits say', async () => {
  const takeAtOnce = async (roomLimits: EngineOptions['roomLimits']) => {
    await using engine = await open({ roomLimits })
    const rooms = await Promise.all([RoomBuilder.create(), RoomBuilder.create()])
    const taking = rooms.map(({ events }) => {
      const items = events.map(({ rules, eventId, json }) => {
        const event = { roomVersion: rules.version, eventId, json }
        return filled(InputRoomEvent, { kind: InputKind.new, event })
      })
      return engine.parts.input.inputRoomEvents({ input_room_events: items, async: false })
    })
    return (await Promise.allSettled(taking)).flatMap((sent) =>
      sent.status === 'rejected' && isFailure(sent.reason) ? [sent.reason.code] : [],
    )
  }
  expect(await takeAtOnce({ maxBytesInFlight: 10 })).toContain('OVERLOADED')
  expect(await takeAtOnce(undefined)).toEqual([])
})

it('tells what watches it of resolutions, and its outputs of what it has stored', async () => {
  const resolved = vi.fn()
  await using engine = await open({ observer: { resolved } })
  engine.parts.cache.onResolved?.(3, 5)
  expect(resolved.mock.calls).toEqual([[3, 5]])
  const wake = vi.spyOn(engine.parts.outputs, 'wake')
  await engine.createRoom(ALICE)
  expect(wake).toHaveBeenCalled()
})

it('logs nothing without a logger, and tells it what happens where there is one', async () => {
  const said: string[] = []
  const logger: Logger = { ...silentLogger, info: (_fields, text) => said.push(text) }
  await using engine = await open({ logger })
  const room = await engine.createRoom(ALICE)
  said.length = 0
  const requester = { requester: '@admin:a', dry_run: false }
  await engine.parts.administration.blockRoom({ room_id: room, reason: 'spam', ...requester })
  expect(said).toHaveLength(1)
})

it('knows of blocked rooms from the start', async () => {
  await using store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const room = await (async () => {
    await using engine = await open({ store })
    const made = await engine.createRoom(ALICE)
    const how = { reason: 'spam', requester: '@admin:a', dry_run: false }
    await engine.parts.administration.blockRoom({ room_id: made, ...how })
    return made
  })()
  await using engine = await open({ store })
  await expect(engine.send(room, ALICE, 'm.room.message', {})).rejects.toMatchObject({ code: 'ROOM_BLOCKED' })
})

it('shows the other processes on a store that it lives, and ends that when it ends', async () => {
  await using store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const takeLease = vi.spyOn(store, 'takeLease')
  const releaseLease = vi.spyOn(store, 'releaseLease')
  const lives = (calls: readonly (readonly unknown[])[]) =>
    calls.filter(([lease]) => String(lease).startsWith('process ')).map(([lease, , ttlMs]) => [lease, ttlMs])
  {
    await using _engine = await open({ store })
    await expect.poll(() => lives(takeLease.mock.calls)).toHaveLength(1)
  }
  const [life] = lives(takeLease.mock.calls)
  expect(life).toEqual([expect.stringMatching(/^process [0-9a-f-]{36}$/), 10_000])
  expect(lives(releaseLease.mock.calls).map(([lease]) => lease)).toEqual([life?.[0]])
})

it('takes nothing more when it is closed, and can be closed twice', async () => {
  const engine = await open()
  const room = await engine.createRoom(ALICE)
  await engine[Symbol.asyncDispose]()
  await engine[Symbol.asyncDispose]()
  await expect(engine.send(room, ALICE, 'm.room.message', {})).rejects.toThrow()
  expect((await engine.readiness()).ready).toBe(false)
})

it('counts no outputs as waiting where they stay in the database', async () => {
  await using engine = await open()
  await engine.createRoom(ALICE)
  expect(await engine.parts.inspection.activity({})).toMatchObject({ waiting_outputs: -1, server_name: 'a' })
})
