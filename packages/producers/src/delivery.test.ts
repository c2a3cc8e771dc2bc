import { expect, it } from 'vitest'
import { RepeatFilter } from './delivery.ts'

it('lets every output of a room through once', () => {
  const repeats = new RepeatFilter()
  const ids = ['!a/1', '!b/1', '!a/1', '!a/2', '!a/1', '!a/3', '!b/1']
  expect(ids.filter((id) => !repeats.isRepeat(id))).toEqual(['!a/1', '!b/1', '!a/2', '!a/3'])
})

it('forgets the room that was silent the longest', () => {
  const repeats = new RepeatFilter(2)
  for (const id of ['!a/1', '!b/1', '!a/2', '!c/1']) repeats.isRepeat(id)
  expect(repeats.isRepeat('!a/2')).toBe(true)
  expect(repeats.isRepeat('!b/1')).toBe(false)
})
