import { expect, it } from 'vitest'
import { openStorage } from '../src/index.ts'
import { newEvent, storedRoom, writeSet } from '@roomserver/storage-contract'
import { network } from './network.ts'
import { postgresPlace } from './postgres-database.ts'

it('gives up on a server that is out of reach, and finds it again', async () => {
  await using place = await postgresPlace()
  await using between = await network(place.url)
  const limits = { maxConnections: 1, statementTimeoutMs: 300, connectTimeoutMs: 500 }
  await using store = await openStorage({ dialect: 'postgres', connectionString: between.url, ...limits })
  const room = await storedRoom(store)
  const event = await newEvent(store, room)
  between.cut(true)
  const [lost] = await store.commit([writeSet(room, { events: [event] })])
  expect(lost).toMatchObject({ kind: 'failed', error: { code: 'STORE_UNAVAILABLE' } })
  await expect(store.room(room.roomId)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  between.cut(false)
  expect(await store.room(room.roomId)).toEqual(room)
  expect(await store.commit([writeSet(room, { events: [event] })])).toMatchObject([{ kind: 'committed' }])
})

// The driver hands a connection out as soon as the login is over, and emitted what followed in the same packet as an error
// that nobody listened to: the process ended.
it.each([
  ['one server', ''],
  ['the first of several that takes writes', 'read-write'],
])(
  'fails what it was asked, and nothing else, when a connection ends in the moment of the login: %s',
  async (_which, target) => {
    await using place = await postgresPlace()
    await using between = await network(place.url)
    const url = new URL(between.url)
    if (target !== '') url.searchParams.set('target_session_attrs', target)
    const open = () => openStorage({ dialect: 'postgres', connectionString: url.href, maxConnections: 1 })
    const failures: unknown[] = []
    for (let nth = 1; ; nth++) {
      between.end(nth)
      const failure = await failureOf(open)
      if (!between.hasEnded()) break
      failures.push(failure)
    }
    expect(failures.length).toBeGreaterThan(2)
    for (const failure of failures) expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    between.end(0)
    await using store = await open()
    const room = await storedRoom(store)
    between.end(1)
    while (!between.hasEnded())
      await expect(store.room(room.roomId)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await store.room(room.roomId)).toEqual(room)
  },
)

/** Why a store cannot be opened; one that can be is closed again. */
async function failureOf(open: () => Promise<AsyncDisposable>): Promise<unknown> {
  try {
    await using _store = await open()
    return undefined
  } catch (error) {
    return error
  }
}
