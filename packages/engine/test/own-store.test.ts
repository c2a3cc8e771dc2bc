import { openStorage, type Storage } from '@roomserver/storage'
import { type EngineStore, isFailure } from '@roomserver/types'
import { expect, it } from 'vitest'
import { openEngine } from '../src/index.ts'

const [ALICE, BOB] = ['@alice:example.org', '@bob:example.org'] as const
const signingKey = { server: 'example.org', keyId: 'ed25519:test', seed: 'A'.repeat(43) }
const options = { serverName: 'example.org', signingKey } as const

/** A store whose methods need their object, and are on its prototype, as those of a class. */
function likeOfClass(storage: Storage): EngineStore {
  const store = Object.create({ ...storage }) as Storage
  for (const [name, method] of Object.entries(Object.getPrototypeOf(store) as object)) {
    if (typeof method !== 'function') continue
    const call = function (this: unknown, ...args: unknown[]): unknown {
      if (this !== store) throw new TypeError(`${name} lost its store`)
      return Reflect.apply(method, storage, args)
    }
    Object.defineProperty(Object.getPrototypeOf(store), name, { value: call })
  }
  return store
}

it('keeps its rooms in a store that it is given, also one of a class, and leaves it open', async () => {
  await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const store = likeOfClass(storage)
  const room = await (async () => {
    await using engine = await openEngine({ ...options, store })
    expect(await engine.readiness()).toMatchObject({ ready: true })
    const made = await engine.createRoom(ALICE, { preset: 'public_chat' })
    await engine.join(made, BOB)
    await engine.send(made, BOB, 'm.room.message', { body: 'hello' })
    return made
  })()
  await using again = await openEngine({ ...options, store })
  const { events } = await again.messages(room, { limit: 1 })
  expect(events).toMatchObject([{ sender: BOB, content: { body: 'hello' } }])
  expect(await storage.serverName()).toBe('example.org')
})

it('checks no rooms of a store that cannot be checked', async () => {
  await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const { checkRoom: _left, ...store } = storage
  await using engine = await openEngine({
    ...options,
    store,
    maintenance: { scrubbedRoomsPerMinute: 60_000 },
  })
  const room = await engine.createRoom(ALICE)
  expect(await engine.members(room)).toHaveLength(1)
  expect(engine.parts.scrubber).toEqual({ checkedRooms: 0, findings: 0 })
})

it.each([
  ['another homeserver', { ...options, serverName: 'b.example' }, 'serverName'],
  ['no key', { serverName: 'example.org' }, 'signingKey'],
])('refuses a given store with %s', async (_what, wrong, argument) => {
  await using store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  await store.claimServerName('example.org')
  const key = 'signingKey' in wrong ? { signingKey: { ...signingKey, server: wrong.serverName } } : {}
  const failing = openEngine({ ...wrong, ...key, store }).catch((error: unknown) => error)
  const error = await failing
  expect(isFailure(error) && [error.code, error.details]).toMatchObject(['INVALID_ARGUMENT', { argument }])
})
