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
