import { expect, it } from 'vitest'
import { Gatherer } from './gatherer.ts'

function reading(): { readonly gatherer: Gatherer<string, string>; readonly reads: (readonly string[])[] } {
  const reads: (readonly string[])[] = []
  const read = async (keys: readonly string[]) => {
    reads.push(keys)
    if (keys.includes('bad')) throw new Error('not to be read')
    return keys.map((key) => key.toUpperCase())
  }
  return { gatherer: new Gatherer(read), reads }
}

it('reads once for all who ask in the same turn, each key once', async () => {
  const { gatherer, reads } = reading()
  const [one, two] = await Promise.all([gatherer.load(['a', 'b']), gatherer.load(['b', 'c'])])
  expect(reads).toEqual([['a', 'b', 'c']])
  expect(one).toEqual(['A', 'B', 'C'])
  expect(two).toBe(one)
})

it('reads again for who asks later, also after a failure', async () => {
  const { gatherer, reads } = reading()
  await expect(gatherer.load(['bad'])).rejects.toThrow('not to be read')
  expect(await gatherer.load(['a'])).toEqual(['A'])
  expect(await gatherer.load(['b'])).toEqual(['B'])
  expect(reads).toEqual([['bad'], ['a'], ['b']])
})
