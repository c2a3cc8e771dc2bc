import { silentLogger } from '@roomserver/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { runAsLeader, type LeaderOptions } from './leader-election.ts'

// The test holds the clock.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const TTL_MS = 15_000

/** Leases as a database keeps them, by the same clock; the test says when it does not answer. */
function leases() {
  const held = new Map<string, { readonly holder: string; readonly until: number }>()
  const state = { isDown: false, isSilent: false, asked: 0, released: 0 }
  return {
    state,
    takeLease: async (name: string, holder: string, ttlMs: number) => {
      state.asked++
      if (state.isDown) throw new Error('the database is down')
      if (state.isSilent) return await new Promise<boolean>(() => undefined)
      const lease = held.get(name)
      if (lease !== undefined && lease.holder !== holder && lease.until >= performance.now()) return false
      held.set(name, { holder, until: performance.now() + ttlMs })
      return true
    },
    releaseLease: async (name: string, holder: string) => {
      state.released++
      if (state.isDown) throw new Error('the database is down')
      if (held.get(name)?.holder === holder) held.delete(name)
    },
    /** Somebody else takes it, whatever is said about it. */
    steal: (name: string) => held.set(name, { holder: 'thief', until: Number.POSITIVE_INFINITY }),
  }
}

/** A process that notes when its work starts and stops. */
function process(store: ReturnType<typeof leases>, options: LeaderOptions = {}) {
  const log: string[] = []
  const start = () => {
    log.push('starts')
    return { [Symbol.asyncDispose]: async () => void log.push('stops') }
  }
  return { log, leader: runAsLeader(store, 'work', start, options) }
}

/** Everything that is due by then. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

it('leads at once where nobody does, and asks again at each third of the time', async () => {
  const store = leases()
  const { log, leader } = process(store)
  expect(leader.isLeader).toBe(false)
  await pass(0)
  expect([leader.isLeader, log, store.state.asked]).toEqual([true, ['starts'], 1])
  await pass(TTL_MS / 3 - 1)
  expect(store.state.asked).toBe(1)
  await pass(1)
  expect(store.state.asked).toBe(2)
  await pass(TTL_MS * 10)
  expect([leader.isLeader, log]).toEqual([true, ['starts']])
  // One timer for the next time, and none left of those that were answered.
  expect(vi.getTimerCount()).toBe(1)
  await leader[Symbol.asyncDispose]()
  expect([leader.isLeader, log, store.state.released]).toEqual([false, ['starts', 'stops'], 1])
  expect(vi.getTimerCount()).toBe(0)
})

it('waits while another leads, and follows within a third of the time when that one ends in order', async () => {
  const store = leases()
  const one = process(store)
  await pass(0)
  const two = process(store)
  await pass(TTL_MS * 5)
  expect([one.leader.isLeader, two.leader.isLeader]).toEqual([true, false])
  await one.leader[Symbol.asyncDispose]()
  await pass(TTL_MS / 3)
  expect([two.leader.isLeader, one.log, two.log]).toEqual([true, ['starts', 'stops'], ['starts']])
  await two.leader[Symbol.asyncDispose]()
})

it('stops when its lease has run out and it could not ask, not before, and leads again when it can', async () => {
  const store = leases()
  const { log, leader } = process(store)
  await pass(0)
  store.state.isDown = true
  await pass(TTL_MS - 1)
  expect([leader.isLeader, log]).toEqual([true, ['starts']])
  await pass(1)
  expect([leader.isLeader, log]).toEqual([false, ['starts', 'stops']])
  store.state.isDown = false
  await pass(TTL_MS / 3)
  expect([leader.isLeader, log]).toEqual([true, ['starts', 'stops', 'starts']])
  await leader[Symbol.asyncDispose]()
})

it('stops when no answer comes for as long as the lease holds', async () => {
  const store = leases()
  const { log, leader } = process(store)
  await pass(0)
  store.state.isSilent = true
  await pass(TTL_MS / 3 + TTL_MS - 1)
  expect(log).toEqual(['starts'])
  await pass(1)
  expect([leader.isLeader, log]).toEqual([false, ['starts', 'stops']])
  await leader[Symbol.asyncDispose]()
})

it('stops at once when it hears that another has the lease', async () => {
  const store = leases()
  const { log, leader } = process(store)
  await pass(0)
  store.steal('work')
  await pass(TTL_MS / 3)
  expect([leader.isLeader, log]).toEqual([false, ['starts', 'stops']])
  await leader[Symbol.asyncDispose]()
})

it('counts the time of its lease from when it asked, and not from when it was answered', async () => {
  const store = leases()
  const slow = { ...store, takeLease: vi.fn(store.takeLease) }
  slow.takeLease.mockImplementationOnce(async (...lease) => {
    await new Promise((resolve) => setTimeout(resolve, TTL_MS / 2))
    return await store.takeLease(...lease)
  })
  const { log, leader } = process(slow)
  await pass(TTL_MS / 2)
  expect(log).toEqual(['starts'])
  store.state.isDown = true
  await pass(TTL_MS / 2)
  // It asks at a third of the time after the answer, and finds that the lease may be another's soon.
  await pass(TTL_MS / 3)
  expect(log).toEqual(['starts', 'stops'])
  await leader[Symbol.asyncDispose]()
})

it('starts nothing when it is told to end while it asks, and gives the lease back', async () => {
  const store = leases()
  const { log, leader } = process(store)
  await leader[Symbol.asyncDispose]()
  expect(log).toEqual([])
  expect(store.state.released).toBe(1)
  const next = process(store)
  await pass(0)
  expect(next.leader.isLeader).toBe(true)
  await next.leader[Symbol.asyncDispose]()
})

it('ends although the database does not answer any more', async () => {
  const store = leases()
  const { log, leader } = process(store)
  await pass(0)
  store.state.isDown = true
  await leader[Symbol.asyncDispose]()
  expect(log).toEqual(['starts', 'stops'])
  store.state.isDown = false
  store.state.isSilent = true
  const silent = process(store)
  await pass(1)
  await silent.leader[Symbol.asyncDispose]()
  expect(silent.log).toEqual([])
})

it('leads again although its work could not be ended in order', async () => {
  const store = leases()
  const log: string[] = []
  const start = () => {
    log.push('starts')
    return {
      [Symbol.asyncDispose]: async () => {
        log.push('stops')
        throw new Error('the connection is gone')
      },
    }
  }
  const leader = runAsLeader(store, 'work', start)
  await pass(0)
  store.state.isDown = true
  await pass(TTL_MS)
  expect([leader.isLeader, log]).toEqual([false, ['starts', 'stops']])
  store.state.isDown = false
  await pass(TTL_MS / 3)
  expect([leader.isLeader, log]).toEqual([true, ['starts', 'stops', 'starts']])
  await leader[Symbol.asyncDispose]()
})

it('says when it begins to lead, when it does no longer, and why', async () => {
  const said: unknown[] = []
  const note = (fields: unknown, message: string) => void said.push([message, fields])
  const store = leases()
  const { leader } = process(store, { ttlMs: 300, logger: { ...silentLogger, info: note, warn: note } })
  await pass(0)
  store.state.isDown = true
  await pass(300)
  await leader[Symbol.asyncDispose]()
  const failed = ['failed to renew lease; will retry', { work: 'work', error: 'Error: the database is down' }]
  expect(said).toEqual([
    ['became leader', { work: 'work' }],
    failed,
    failed,
    failed,
    ['no longer leader', { work: 'work' }],
  ])
})
