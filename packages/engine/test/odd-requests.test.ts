import {
  administrationEndpoints,
  type Endpoint,
  inspectionEndpoints,
  type PurgeRoomRequest,
  roomserverEndpoints,
  wireOf,
} from '@roomserver/api'
import { isFailure } from '@roomserver/types'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Engine, openEngine } from '../src/index.ts'

type Call = (request: unknown, context: null) => Promise<unknown>
type Table = Readonly<Record<string, Endpoint>>

const FAMILIES: readonly (readonly [Table, (engine: Engine) => object])[] = [
  [roomserverEndpoints as unknown as Table, ({ operations }) => operations],
  [administrationEndpoints as unknown as Table, ({ parts }) => parts.administration],
  [inspectionEndpoints as unknown as Table, ({ parts }) => parts.inspection],
]

/** Values of every kind, none of which is of the right type everywhere. */
const ODD_VALUES = [
  undefined,
  null,
  5,
  -1,
  0.5,
  '',
  'x',
  '\0',
  '!x',
  true,
  [],
  [null],
  [5],
  {},
  { x: 1 },
  () => 1,
  Symbol('x'),
  10n,
  new Map(),
]

describe('requests in process that are not of the type', () => {
  let engine: Engine
  let room: string

  beforeAll(async () => {
    engine = await openEngine({ serverName: 'example.org', store: ':memory:', maintenance: false })
    room = await engine.createRoom('@alice:example.org')
  })
  afterAll(() => engine[Symbol.asyncDispose]())

  it.each(FAMILIES.flatMap(([table, of]) => Object.keys(table).map((name) => ({ name, of }))))(
    '$name answers, or says what is wrong with them',
    async ({ name, of }) => {
      const call = (of(engine) as Readonly<Record<string, Call>>)[name] as Call
      const { request } = FAMILIES.map(([table]) => table[name]).find(
        (endpoint) => endpoint !== undefined,
      ) as Endpoint
      const wire = wireOf(request)
      const members = wire.kind === 'struct' ? Object.keys(wire.members) : []
      const right = { room_id: room, user_id: '@alice:example.org' }
      const requests = [
        ...ODD_VALUES,
        ...members.flatMap((member) =>
          ODD_VALUES.flatMap((value) => [{ [member]: value }, { ...right, [member]: value }]),
        ),
      ]
      for (const odd of requests) {
        const failure: unknown = await call(odd, null).then(
          () => undefined,
          (error: unknown) => error,
        )
        expect(failure === undefined || isFailure(failure), String(failure)).toBe(true)
      }
    },
  )
  it('reads what is missing as over HTTP', async () => {
    const room_id = await engine.createRoom('@alice:example.org')
    const purge: unknown = { room_id, dry_run: true }
    expect(await engine.parts.administration.purgeRoom(purge as PurgeRoomRequest)).toMatchObject({
      local_users: 1,
    })
    const { queryLatestEventsAndState } = engine.operations as unknown as Readonly<Record<string, Call>>
    expect(await queryLatestEventsAndState?.({ room_id }, null)).toMatchObject({ room_exists: true })
    expect(
      await queryLatestEventsAndState?.({ room_id, state_to_fetch: [{ EventType: 5 }] }, null).catch(String),
    ).toBe('RoomserverError: state_to_fetch[].EventType: expected a string')
  })
})
