import { expect, it } from 'vitest'
import { LoopShare } from './loop-share.ts'

/** A share of 5 ms whose turns and clock are the test's, and work of 1 ms a piece. */
function shared(sliceMs = 5) {
  const turns: (() => void)[] = []
  const order: string[] = []
  let now = 100
  const share = new LoopShare(
    (begin) => turns.push(begin),
    sliceMs,
    () => now,
  )
  const piece = async (name: string, ms = 1, isFirst = false) => {
    await share.rest(isFirst)
    order.push(name)
    now += ms
  }
  /** All that goes on without another turn of the loop. */
  const settled = () => new Promise((resolve) => setTimeout(resolve))
  return {
    share,
    piece,
    order,
    settled,
    turns,
    pass: (ms: number) => (now += ms),
    /** The next turn of the event loop. */
    turn: async () => {
      turns.shift()?.()
      await settled()
    },
  }
}

it('lets others have a turn after 5 ms, however many work at the same time', async () => {
  const { order, piece, settled, turn, turns } = shared()
  const workers = Array.from({ length: 4 }, async (_, worker) => {
    for (let i = 0; i < 4; i++) await piece(`${worker}${i}`)
  })
  const seen: number[] = []
  for (await settled(); turns.length > 0; await turn()) seen.push(order.length)
  await Promise.all(workers)
  expect(seen).toEqual([5, 10, 15, 16, 16].slice(0, seen.length))
  expect(order).toHaveLength(16)
  expect(order.slice(0, 8)).toEqual(['00', '10', '20', '30', '01', '11', '21', '31'])
})

it('goes on at once while time is left, and asks for one turn only', async () => {
  const { order, piece, turns } = shared()
  for (let i = 0; i < 4; i++) await piece('x')
  expect(order).toHaveLength(4)
  expect(turns).toHaveLength(1)
})

it('is free until the time is over or somebody waits, and again in the next turn', async () => {
  const { order, pass, piece, settled, share, turn } = shared()
  expect(share.isFree).toBe(true)
  pass(4)
  expect(share.isFree).toBe(true)
  pass(1)
  expect(share.isFree).toBe(false)
  const waiting = piece('late')
  await settled()
  expect(order).toEqual([])
  expect(share.isFree).toBe(false)
  await turn()
  await waiting
  expect(order).toEqual(['late'])
  expect(share.isFree).toBe(true)
})

it('is not free for who comes while another was told to go and has not begun', async () => {
  const { piece, share } = shared()
  const first = piece('first')
  expect(share.isFree).toBe(false)
  await first
  await Promise.resolve()
  expect(share.isFree).toBe(true)
})

it('is not free for who comes in the turn in which another was told to go', async () => {
  const { order, piece, settled, share, turns } = shared()
  const all = ['a', 'b'].map((name) => piece(name, 5))
  await settled()
  turns.shift()?.()
  expect(share.isFree).toBe(false)
  all.push(piece('late', 5))
  await settled()
  expect(order).toEqual(['a', 'b'])
  turns.shift()?.()
  await Promise.all(all)
  expect(order).toEqual(['a', 'b', 'late'])
})

it('begins anew after a rest: nobody is charged for the time when nobody worked', async () => {
  const { order, pass, piece, share, turn, turns } = shared()
  await piece('a')
  await turn()
  expect(turns).toEqual([])
  pass(1_000)
  expect(share.isFree).toBe(true)
  await piece('b')
  expect(order).toEqual(['a', 'b'])
})

it('has a piece that takes longer than a slice followed by others in later turns, one a turn', async () => {
  const { order, piece, settled, turn } = shared()
  const all = Promise.all(['a', 'b', 'c'].map((name) => piece(name, 20)))
  await settled()
  expect(order).toEqual(['a'])
  await turn()
  expect(order).toEqual(['a', 'b'])
  await turn()
  expect(order).toEqual(['a', 'b', 'c'])
  await all
})

it('lets those who wait go in the order in which they came, thousands of them', async () => {
  const { order, piece, settled, turn, turns } = shared(1)
  const names = Array.from({ length: 3_000 }, (_, index) => `${index}`)
  // What comes later in the same turn does not overtake those that wait.
  const late: Promise<void>[] = []
  const all = names.map(async (name, index) => {
    await piece(name, index % 100 === 0 ? 2 : 0)
    if (index === 500) late.push(piece('late', 0))
  })
  for (await settled(); turns.length > 0; ) await turn()
  await Promise.all(all)
  await Promise.all(late)
  expect(order).toEqual([...names, 'late'])
})

it('lets those who come for the first time go alternately with those who have had a turn', async () => {
  const { order, piece, settled, turn, turns } = shared()
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => piece(name, 5))
  all.push(...['new1', 'new2'].map((name) => piece(name, 5, true)))
  for (await settled(); turns.length > 0; ) await turn()
  await Promise.all(all)
  expect(order).toEqual(['new1', 'a', 'new2', 'b', 'c', 'd', 'e', 'f'])
})
