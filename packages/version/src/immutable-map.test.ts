import { expect, it } from 'vitest'
import { ImmutableMap } from './immutable-map.ts'

it('is read as any map is', () => {
  const entries: readonly (readonly [string, number])[] = [
    ['one', 1],
    ['two', 2],
  ]
  const map = new ImmutableMap(entries)
  expect([map.size, map.get('two'), map.get('three'), map.has('one'), map.has('three')]).toEqual([
    2,
    2,
    undefined,
    true,
    false,
  ])
  expect([...map]).toEqual(entries)
  expect([...map.entries()]).toEqual(entries)
  expect([...map.keys()]).toEqual(['one', 'two'])
  expect([...map.values()]).toEqual([1, 2])
  const seen: unknown[] = []
  map.forEach((value, key, whole) => seen.push([key, value, whole === map]))
  expect(seen).toEqual(entries.map(([key, value]) => [key, value, true]))
})

it('does not change, neither by itself nor with what it was made of', () => {
  const source = new Map([['one', 1]])
  const map = new ImmutableMap(source)
  source.set('two', 2)
  expect([...map]).toEqual([['one', 1]])
  expect(() => Object.assign(map, { get: () => 7 })).toThrow(TypeError)
  expect(map.get('one')).toBe(1)
})
