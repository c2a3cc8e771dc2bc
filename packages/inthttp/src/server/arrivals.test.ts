import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type ArrivalLimits, Arrivals } from './arrivals.ts'

// The test holds the clock.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const LIMITS: ArrivalLimits = { maxArriving: 3, bodyIdleMs: 10_000, maxBytes: 1_000 }

/** Bodies by name, each on a connection of its own unless it is given; notes which is cut off, and why. */
function arrivals(limits: Partial<ArrivalLimits> = {}) {
  const all = new Arrivals({ ...LIMITS, ...limits })
  const cut: string[] = []
  const begin = (name: string, connection: object = {}) => {
    const body = all.begin(connection, (why) => {
      cut.push(`${name}: ${why}`)
      body.end()
    })
    return body
  }
  return { all, cut, begin }
}

it('lets as many arrive as there are places, and has the one silent longest make room for one more', () => {
  const { all, cut, begin } = arrivals()
  const first = begin('first')
  begin('second')
  begin('third')
  expect([all.count, cut]).toEqual([3, []])
  first.seen()
  begin('fourth')
  expect([all.count, cut]).toEqual([3, ['second: overloaded']])
})

it('keeps no place for a body that has arrived, and what it holds until it is done with', () => {
  const { all, cut, begin } = arrivals({ maxArriving: 1 })
  const first = begin('first')
  expect(first.hold(1_000)).toBe(true)
  first.arrived()
  expect([all.count, all.heldBytes]).toEqual([0, 1_000])
  const second = begin('second')
  expect(second.hold(1)).toBe(false)
  first.end()
  expect(second.hold(1)).toBe(true)
  expect([all.count, all.heldBytes, cut]).toEqual([1, 1, []])
})

it('holds bytes up to the bound and not one more, and counts what is given back', () => {
  const { all, begin } = arrivals()
  const [one, other] = [begin('one'), begin('other')]
  expect([one.hold(600), other.hold(400), other.hold(401)]).toEqual([true, true, false])
  expect(all.heldBytes).toBe(1_000)
  expect([one.hold(599), other.hold(401)]).toEqual([true, true])
  expect([one.hold(599), other.hold(401)]).toEqual([true, true])
  one.end()
  expect(all.heldBytes).toBe(401)
  other.end()
  other.end()
  expect(all.heldBytes).toBe(0)
})

it('gives several bodies of one connection three quarters of the bytes, and a single one all of them', () => {
  const { all, begin } = arrivals()
  const connection = {}
  const one = begin('one', connection)
  expect(one.hold(1_000)).toBe(true)
  expect(one.hold(0)).toBe(true)
  const other = begin('other', connection)
  expect([one.hold(350), other.hold(400), other.hold(401)]).toEqual([true, true, false])
  expect(begin('elsewhere').hold(250)).toBe(true)
  expect(all.heldBytes).toBe(1_000)
})

it('cuts off what is silent for others that need its bytes, after one look, the longest silent first', async () => {
  const { all, cut, begin } = arrivals({ maxArriving: 4 })
  const [one, two] = [begin('one'), begin('two')]
  one.hold(500)
  two.hold(400)
  const needy = begin('needy')
  begin('nothing')
  expect(needy.hold(101)).toBe(false)
  await vi.advanceTimersByTimeAsync(2_000)
  one.seen()
  await vi.advanceTimersByTimeAsync(2_000)
  two.seen()
  needy.seen()
  // Of the silent ones only what holds something makes room.
  expect(needy.hold(300)).toBe(true)
  expect([cut, all.heldBytes]).toEqual([['one: overloaded'], 700])
  expect(needy.hold(601)).toBe(false)
  expect(cut).toEqual(['one: overloaded'])
})

it('cuts off a body of which nothing comes for as long as it may, and not one of which something did', async () => {
  const { all, cut, begin } = arrivals()
  begin('silent')
  const slow = begin('slow')
  await vi.advanceTimersByTimeAsync(9_999)
  expect(cut).toEqual([])
  slow.seen()
  await vi.advanceTimersByTimeAsync(1)
  expect([cut, all.count]).toEqual([['silent: idle'], 1])
  await vi.advanceTimersByTimeAsync(7_999)
  expect(cut).toEqual(['silent: idle'])
  await vi.advanceTimersByTimeAsync(1)
  expect([cut, all.count]).toEqual([['silent: idle', 'slow: idle'], 0])
  expect(vi.getTimerCount()).toBe(0)
})

it('runs one timer while anything arrives, and none else', () => {
  const { begin } = arrivals()
  expect(vi.getTimerCount()).toBe(0)
  const [one, other] = [begin('one'), begin('other')]
  expect(vi.getTimerCount()).toBe(1)
  one.arrived()
  expect(vi.getTimerCount()).toBe(1)
  other.arrived()
  expect(vi.getTimerCount()).toBe(0)
  begin('another')
  expect(vi.getTimerCount()).toBe(1)
})

it('takes nothing more from what has arrived already', () => {
  const { all, begin } = arrivals()
  const one = begin('one')
  one.arrived()
  one.seen()
  expect(all.count).toBe(0)
})
