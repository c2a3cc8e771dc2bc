import { expect, it } from 'vitest'
import { keepLatest } from './keep-latest.ts'

it.each([
  ['fewer than the limit stay', 4, ['a', 'b', 'c']],
  ['as many as the limit stay', 3, ['a', 'b', 'c']],
  ['of more the one that was set longest ago is dropped', 2, ['b', 'c']],
])('%s', (_what, limit, kept) => {
  const map = new Map<string, string>()
  for (const key of ['a', 'b', 'c']) keepLatest(map, key, key, limit)
  expect([...map]).toEqual(kept.map((key) => [key, key]))
})

it('takes a member that is set again for the latest, and drops none for it', () => {
  const map = new Map([
    ['a', 1],
    ['b', 2],
  ])
  keepLatest(map, 'a', 3, 2)
  expect([...map]).toEqual([
    ['b', 2],
    ['a', 3],
  ])
  keepLatest(map, 'c', 4, 2)
  expect([...map.keys()]).toEqual(['a', 'c'])
})
