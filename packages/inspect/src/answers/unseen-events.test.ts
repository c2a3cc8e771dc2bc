import type { EventNid, NidSpan } from '@roomserver/types'
import { expect, it } from 'vitest'
import { isUnseen, unseenCursor, unseenFrom, unseenIn, withoutSeen } from './unseen-events.ts'

const nid = (value: number) => value as EventNid
const span = (after: number, before: number): NidSpan => ({ after: nid(after), before: nid(before) })

it('waits for numbers below one that was seen, as of another process or a slower commit', () => {
  const start = unseenFrom(nid(100), [span(40, 50)])
  const seen = withoutSeen(start, [103, 45, 101].map(nid))
  expect(unseenCursor(seen)).toBe('40-45.45-50.101-103.103')
  expect([44, 46, 102, 104].every((one) => isUnseen(seen, nid(one)))).toBe(true)
  expect([39, 45, 50, 100, 101, 103].some((one) => isUnseen(seen, nid(one)))).toBe(false)
  expect(unseenCursor(withoutSeen(seen, [102, 41, 42, 43, 44].map(nid)))).toBe('45-50.103')
})

it('reads the cursors that it writes', () => {
  for (const cursor of ['0', '7', '1-3.4-9.9', '40-45.45-50.101-103.103'])
    expect(unseenCursor(unseenIn(cursor))).toBe(cursor)
})

it.each(['x', '1-', '-1', '3-1.4', '1-3', '4.1', '1-9.4-12.20', '1.2', '1e3', '9'.repeat(16), '1-3.'])(
  'refuses %j as a cursor',
  (cursor) => {
    expect(() => unseenIn(cursor)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  },
)

it('gives up small gaps first, and never more than it has to', () => {
  const small = Array.from({ length: 40 }, (_, at) => span(10_000 + at * 10, 10_005 + at * 10))
  const seen = unseenFrom(nid(20_000), [span(1_000, 9_000), ...small])
  expect(seen).toHaveLength(32)
  expect(isUnseen(seen, nid(5_000))).toBe(true)
  expect(isUnseen(seen, nid(10_002))).toBe(false)
  expect(isUnseen(seen, nid(10_392))).toBe(true)
  expect(isUnseen(seen, nid(20_001))).toBe(true)
  expect(unseenIn(unseenCursor(seen))).toEqual(seen)
})

it('agrees with a set of numbers, however they come', () => {
  let random = 7
  const next = (below: number) => (random = (random * 48_271) % 2_147_483_647) % below
  for (let round = 0; round < 200; round++) {
    let unseen = unseenFrom(nid(20), [span(3, 9), span(12, 18)])
    const open = new Set([4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 21, 22, 23, 24, 25])
    for (let page = 0; page < 4; page++) {
      const came = [...open].filter(() => next(3) === 0)
      unseen = withoutSeen(unseen, came.map(nid))
      for (const one of came) open.delete(one)
      for (let one = 0; one < 26; one++) expect(isUnseen(unseen, nid(one))).toBe(open.has(one))
    }
  }
})
