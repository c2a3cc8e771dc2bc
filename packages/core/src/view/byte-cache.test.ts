import { expect, it } from 'vitest'
import { ByteCache } from './byte-cache.ts'

it('never takes more than its bound and keeps what is used', () => {
  const cache = new ByteCache<number, string>(1000, (value) => value.length)
  for (let key = 0; key < 10_000; key++) {
    cache.set(key, 'x'.repeat(1 + (key % 50)))
    cache.get(0)
    expect(cache.bytes).toBeLessThanOrEqual(1050)
  }
  expect(cache.get(0)).toBe('x')
  expect(cache.get(1)).toBeUndefined()
  expect(cache.get(9999)).toHaveLength(50)
})

it('forgets what is deleted, in either generation', () => {
  const cache = new ByteCache<string, string>(10, (value) => value.length)
  cache.set('a', 'xxxx')
  cache.set('b', 'xxxx')
  cache.set('c', 'x')
  cache.delete('a')
  cache.delete('c')
  expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([undefined, 'xxxx', undefined])
  expect(cache.bytes).toBeLessThanOrEqual(10)
})

it('keeps a generation until it takes more than half of the bytes, and what is used of the one before', () => {
  const cache = new ByteCache<string, string>(20, (value) => value.length)
  cache.set('a', 'x'.repeat(10))
  expect(cache.bytes).toBe(10)
  // One byte more than half: a generation begins, which has nothing in it yet.
  cache.set('b', 'x')
  expect(cache.bytes).toBe(11)
  cache.set('c', 'xx')
  expect(cache.bytes).toBe(13)
  expect(cache.get('b')).toBe('x')
  expect(cache.bytes).toBe(13)
  cache.set('d', 'x'.repeat(8))
  // Now that of b, c and d is full, what a took is let go.
  expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key) !== undefined)).toEqual([false, true, true, true])
  expect(cache.bytes).toBe(11)
})

it('counts a value that is put in the place of another, and one that is deleted, as what it takes', () => {
  const cache = new ByteCache<string, string>(100, (value) => value.length)
  cache.set('a', 'xxxx')
  cache.set('a', 'xx')
  cache.set('b', 'xxx')
  expect(cache.bytes).toBe(5)
  cache.delete('b')
  cache.delete('nobody')
  expect(cache.bytes).toBe(2)
})
