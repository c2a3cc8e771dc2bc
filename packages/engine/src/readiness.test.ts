import { expect, it, vi } from 'vitest'
import { checkReadiness } from './readiness.ts'

const status = { isConnected: true, isOpened: true, delivered: 3, setAside: [], resent: 0, findings: [] }
const ok = async () => undefined

it('is ready when the database answers', async () => {
  expect(await checkReadiness(ok, {}, () => 0)).toEqual({
    ready: true,
    checks: { database: 'ok', outputs: 'kept in the database' },
  })
})

it('is not ready when the database fails', async () => {
  const readiness = await checkReadiness(
    () => Promise.reject(new Error('connection refused')),
    {},
    () => 0,
  )
  expect(readiness).toMatchObject({ ready: false, checks: { database: 'connection refused' } })
})

it('waits for the stream of outputs once', async () => {
  const relay = () => ({ ...status, isConnected: false, isOpened: false, lastFailure: 'connection refused' })
  expect(await checkReadiness(ok, { status: relay }, () => 0)).toMatchObject({
    ready: false,
    checks: { outputs: 'message server unavailable: connection refused' },
  })
})

it('stays ready and tells when outputs wait later', async () => {
  const relay = () => ({ ...status, isConnected: false, behindSinceMs: 1_000, setAside: ['!a:b'] })
  expect(await checkReadiness(ok, { status: relay }, () => 61_000)).toEqual({
    ready: true,
    checks: { database: 'ok', outputs: 'message server unavailable, waiting for 60 s, quarantined rooms: 1' },
  })
})

it.each([
  ['another process delivers them', async () => true, 'delivered by the leader, another process'],
  ['nobody does', async () => false, 'not delivered: no process leads at the moment'],
])('is ready, and says so, where %s', async (_who, isDelivered, outputs) => {
  expect(await checkReadiness(ok, { status: () => undefined, isDelivered }, () => 0)).toEqual({
    ready: true,
    checks: { database: 'ok', outputs },
  })
})

it('does not claim to know who delivers while the database does not answer', async () => {
  const down = () => Promise.reject(new Error('connection refused'))
  expect(await checkReadiness(down, { status: () => undefined, isDelivered: down }, () => 0)).toEqual({
    ready: false,
    checks: { database: 'connection refused', outputs: 'not delivered by this process' },
  })
})

it('waits two seconds for the database, and for who delivers', async () => {
  vi.useFakeTimers()
  const never = () => new Promise<never>(() => undefined)
  const late = 'no answer in 2000 ms'
  const database = checkReadiness(never, { status: () => undefined, isDelivered: never }, () => 0)
  let isSaid = false
  void database.then(() => (isSaid = true))
  await vi.advanceTimersByTimeAsync(1_999)
  expect(isSaid).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await database).toEqual({
    ready: false,
    checks: { database: late, outputs: 'not delivered by this process' },
  })
  const leader = checkReadiness(ok, { status: () => undefined, isDelivered: never }, () => 0)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await leader).toEqual({ ready: true, checks: { database: 'ok', outputs: late } })
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

it('tells nothing of outputs that go where they should', async () => {
  expect(await checkReadiness(ok, { status: () => status }, () => 0)).toEqual({
    ready: true,
    checks: { database: 'ok', outputs: 'connected' },
  })
  const away = () => ({ ...status, isConnected: false })
  expect(await checkReadiness(ok, { status: away }, () => 0)).toEqual({
    ready: true,
    checks: { database: 'ok', outputs: 'message server unavailable' },
  })
})
