import { expect, it } from 'vitest'
import { eventsBefore } from './events-before.ts'

const GRAPH = new Map([
  ['$d', ['$c', '$b']],
  ['$c', ['$b']],
  ['$b', ['$a']],
  ['$side', ['$a']],
  ['$far', ['$farther']],
])

it('finds what leads back from a place, and not what branches off it or lies behind a gap', () => {
  const before = (...ids: readonly string[]) =>
    [...eventsBefore(ids, GRAPH, (prev) => prev).keys()].toSorted()
  expect(before('$c')).toEqual(['$b', '$c'])
  expect(before('$d', '$none')).toEqual(['$b', '$c', '$d'])
  expect(before('$farther')).toEqual([])
})

it('comes to an end where events name each other in a circle', () => {
  const circle = new Map([
    ['$a', ['$b']],
    ['$b', ['$a']],
  ])
  expect(eventsBefore(['$a'], circle, (prev) => prev).size).toBe(2)
})
