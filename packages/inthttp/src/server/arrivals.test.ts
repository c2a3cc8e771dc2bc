import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type ArrivalLimits, Arrivals } from './arrivals.ts'

// The test holds the clock.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const LIMITS: ArrivalLimits = {
  maxArriving: 3,
  maxWaiting: 2,
  bodyIdleMs: 10_000,
  bodyIdleBytes: 10,
  maxBytes: 1_000,
}

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
  first.seen(10)
  begin('fourth')
  expect([all.count, cut]).toEqual([3, ['second: overloaded']])
})

it('keeps no place for a body that has arrived, and what it holds until it is done with', () => {
  const { all, cut, begin } = arrivals({ maxArriving: 1 })
  const first = begin('first')
  expect(first.arrived(1_000)).toBe(true)
  expect([all.count, all.heldBytes]).toEqual([0, 1_000])
  const second = begin('second')
  expect(second.hold(1, 1)).toBe('never')
  first.end()
  expect(second.hold(1, 1)).toBe('now')
  expect([all.count, all.heldBytes, cut]).toEqual([1, 1, []])
})

it('holds bytes up to the bound and not one more, and counts what is given back', () => {
  const { all, begin } = arrivals()
  const [one, other] = [begin('one'), begin('other')]
  expect([one.arrived(600), other.arrived(400), other.arrived(401)]).toEqual([true, true, false])
  expect(all.heldBytes).toBe(1_000)
  expect([one.arrived(599), other.arrived(401)]).toEqual([true, true])
  one.end()
  expect(all.heldBytes).toBe(401)
  other.end()
  other.end()
  expect(all.heldBytes).toBe(0)
})

it('gives several bodies of one connection seven eighths of the bytes, and a single one all of them', () => {
  const { all, begin } = arrivals()
  const connection = {}
  const one = begin('one', connection)
  expect([one.arrived(1_000), one.arrived(0)]).toEqual([true, true])
  const other = begin('other', connection)
  expect([one.arrived(400), other.arrived(475), other.arrived(476)]).toEqual([true, true, false])
  expect(begin('elsewhere').arrived(125)).toBe(true)
  expect(all.heldBytes).toBe(1_000)
})

it('cuts off what is silent for others that need its bytes, after two looks, the longest silent first', async () => {
  const { all, cut, begin } = arrivals({ maxArriving: 4 })
  const [one, two] = [begin('one'), begin('two')]
  expect([one.hold(300, 300), two.hold(400, 400)]).toEqual(['now', 'now'])
  const needy = begin('needy')
  begin('nothing')
  expect(needy.hold(100, 300)).toBe('later')
  let isLetIn = false
  void needy.room.then(() => (isLetIn = true))
  // Whoever made progress a moment before a look is not silent.
  await vi.advanceTimersByTimeAsync(3_999)
  one.seen(9)
  two.seen(10)
  expect([cut, isLetIn]).toEqual([[], false])
  // Of the silent ones only what holds something makes room.
  await vi.advanceTimersByTimeAsync(1)
  expect([cut, isLetIn, all.heldBytes]).toEqual([['one: overloaded'], true, 700])
})

it('takes a body for silent of which next to nothing comes', async () => {
  const { cut, begin } = arrivals()
  const [dripping, slow] = [begin('dripping'), begin('slow')]
  for (let again = 0; again < 5; again++) {
    await vi.advanceTimersByTimeAsync(2_000)
    dripping.seen(1)
    slow.seen(3)
  }
  expect(cut).toEqual(['dripping: idle'])
})

it('cuts off a body of which nothing comes for as long as it may, and not one of which something did', async () => {
  const { all, cut, begin } = arrivals()
  begin('silent')
  const slow = begin('slow')
  await vi.advanceTimersByTimeAsync(9_999)
  expect(cut).toEqual([])
  slow.seen(10)
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
  one.arrived(0)
  expect(vi.getTimerCount()).toBe(1)
  other.arrived(0)
  expect(vi.getTimerCount()).toBe(0)
  begin('another')
  expect(vi.getTimerCount()).toBe(1)
})

it('takes nothing more from what has arrived already', () => {
  const { all, begin } = arrivals()
  const one = begin('one')
  one.arrived(0)
  one.seen(10)
  expect(all.count).toBe(0)
})

// Of the thousand bytes 750 are for large bodies; a body is one when it has more than seven.
it('has a body reserve what it is going to hold, and gives back what it does not need', () => {
  const { all, begin } = arrivals()
  const body = begin('')
  expect(body.hold(10, 600)).toBe('now')
  expect(all.heldBytes).toBe(600)
  expect(body.hold(500, 600)).toBe('now')
  expect(all.heldBytes).toBe(600)
  expect(body.arrived(450)).toBe(true)
  expect(all.heldBytes).toBe(450)
  body.end()
  expect([all.heldBytes, all.count]).toEqual([0, 0])
})

it('lets those that wait in one by one, in their order, as what was reserved is given back', async () => {
  const { all, begin } = arrivals({ maxArriving: 4 })
  const bodies = [begin(''), begin(''), begin('')]
  expect(bodies.map((body) => body.hold(10, 500))).toEqual(['now', 'later', 'later'])
  const letIn: number[] = []
  for (const [index, body] of bodies.entries()) void body.room.then(() => letIn.push(index))
  // One that fits does not overtake them.
  expect(begin('').hold(10, 20)).toBe('never')
  await Promise.resolve()
  for (const [index, body] of bodies.entries()) {
    expect(letIn).toHaveLength(index + 1)
    expect(body.arrived(500)).toBe(true)
    body.end()
    await Promise.resolve()
  }
  expect(letIn).toEqual([0, 1, 2])
  expect([all.heldBytes, all.waitingCount]).toEqual([0, 0])
})

it('takes no body for silent that was let in a moment ago', async () => {
  const { all, cut, begin } = arrivals()
  const bodies = [begin('first'), begin('second'), begin('third')]
  for (const body of bodies) body.hold(10, 700)
  for (let look = 0; look < 4; look++) {
    bodies[0]?.seen(10)
    await vi.advanceTimersByTimeAsync(2_000)
  }
  bodies[0]?.end()
  await bodies[1]?.room
  expect([cut, all.waitingCount, all.heldBytes]).toEqual([[], 1, 710])
})

it('counts what still comes of a body that waits, and lets it in once', async () => {
  const { all, begin } = arrivals()
  const [first, second] = [begin('first'), begin('second')]
  expect([first.hold(10, 700), second.hold(10, 700)]).toEqual(['now', 'later'])
  const { room } = second
  expect([second.hold(20, 700), all.waitingCount, all.heldBytes]).toEqual(['later', 1, 720])
  first.end()
  await room
  expect([second.hold(700, 700), all.heldBytes]).toEqual(['now', 700])
})

it('keeps a quarter for small bodies while large ones wait', () => {
  const { begin } = arrivals({ maxArriving: 99 })
  expect([begin(''), begin(''), begin('')].map((body) => body.hold(8, 750))).toEqual([
    'now',
    'later',
    'later',
  ])
  const small = Array.from({ length: 33 }, () => begin('').hold(7, 7))
  expect(new Set(small)).toEqual(new Set(['now']))
})

it('never lets two large bodies wait for each other, whatever they say of their length', () => {
  const { all, begin } = arrivals({ maxArriving: 9, maxWaiting: 4 })
  const bodies = Array.from({ length: 5 }, () => begin(''))
  for (const body of bodies) body.hold(8, 1_000_000)
  expect(all.waitingCount).toBe(4)
  // Whoever is let in gets all that large bodies may have.
  for (const body of bodies) {
    expect(body.hold(750, 1_000_000)).toBe('now')
    body.end()
  }
  expect(all.heldBytes).toBe(0)
})

it('forgets what is given up while it waits', () => {
  const { all, begin } = arrivals()
  const [first, second, third] = [begin(''), begin(''), begin('')]
  first.hold(10, 700)
  second.hold(10, 700)
  third.hold(10, 700)
  second.end()
  expect(all.waitingCount).toBe(1)
  first.end()
  expect(all.waitingCount).toBe(0)
  expect(all.heldBytes).toBe(700)
})

it('cuts silent bodies off 32 at a time, between which others have a turn', () => {
  const { all, cut, begin } = arrivals({ maxArriving: 100 })
  for (let index = 0; index < 70; index++) begin(`${index}`)
  const counts: number[] = []
  vi.advanceTimersByTime(9_999)
  for (let turn = 0; turn < 4; turn++) {
    vi.advanceTimersToNextTimer()
    counts.push(cut.length)
  }
  expect([counts, all.count]).toEqual([[32, 64, 70, 70], 0])
})
